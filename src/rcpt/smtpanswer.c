#include "smtpanswer.h"

#include <string.h>

static const char *const stage_names[] = {
    [SMTP_CONNECT] = "connect",
    [SMTP_GREETING] = "greeting",
    [SMTP_EHLO] = "ehlo",
    [SMTP_HELO] = "helo",
    [SMTP_STARTTLS] = "starttls",
    [SMTP_RSET] = "rset",
    [SMTP_MAIL] = "mail",
    [SMTP_RCPT] = "rcpt",
};

const char *
smtp_stage_name(enum smtp_stage stage)
{
	return stage_names[stage];
}

static char
printable(char c)
{
	if (c >= ' ' && c <= '~')
		return c;
	return c == '\n' || c == '\t' || c == '\0' ? ' ' : '?';
}

void
smtpanswer_note(
    struct smtp_answer *answer, enum smtp_stage stage, enum finding finding, const char *note)
{
	answer->finding = finding;
	answer->stage = stage;
	answer->lacks_utf8 = false;
	answer->names = false;
	answer->may_be_policy = false;
	answer->note = note;
	answer->code = 0;
	answer->enhanced[0] = '\0';
	answer->text[0] = '\0';
}

void
smtpanswer_text(char *text, size_t size, const struct reply *reply)
{
	size_t len = reply->text_len < size ? reply->text_len : size - 1;

	for (size_t i = 0; i < len; i++)
		text[i] = printable(reply->text[i]);
	text[len] = '\0';
}

void
smtpanswer_reply(struct smtp_answer *answer, enum smtp_stage stage, enum finding finding,
    const char *note, const struct reply *reply)
{
	smtpanswer_note(answer, stage, finding, note);
	answer->code = reply->code;
	strcpy(answer->enhanced, reply->enhanced);
	smtpanswer_text(answer->text, sizeof(answer->text), reply);
}
