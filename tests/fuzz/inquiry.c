/*
 * A dialogue with any server: all that is asked about one address in one conversation. What
 * comes out is judged once more from nothing but the bytes: which commands went out, and which
 * reply each of them had.
 *
 * The first byte is a set of conditions; of the rest each piece is a byte of length and what
 * the server says. Lengths from 0xe0 on are one of the replies below instead, and 0 loses the
 * connection.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	CONFIRM = 1,
	CONTROL = 2,
	DOUBT = 4,
	NOBODY = 8,
	UTF8 = 16,
	SAME = 32,
	GUARD = 64,
	ROLE = 128
};

#define SENDER "probe@example.net"
#define PLAIN  "user@example.com"
#define FAR    "j\xc3\xb6@example.com"
#define KNOWN  "known@example.com"
#define ROLED  "postmaster@example.com"
#define RANDOM "nobody@example.com"

static const char *const replies[32] = {
    "220 mx\r\n",
    "250 mx\r\n",
    "250-mx\r\n250 PIPELINING\r\n",
    "250-mx\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n",
    "250 ok\r\n",
    "550 5.1.1 no\r\n",
    "550 no such user\r\n",
    "550 5.7.1 no\r\n",
    "554 no\r\n",
    "550 5.2.1 off\r\n",
    "450 5.1.1 no\r\n",
    "421 bye\r\n",
    "250 ok\r\n250 ok\r\n",
    "250 ok\r\n550 5.1.1 no\r\n",
    "550 5.7.1 no\r\n503 MAIL first\r\n",
    "250 ok\r\n250 ok\r\n250 ok\r\n",
    "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n",
    "250 ok\r\n250 ok\r\n550 5.7.1 no\r\n",
    "250 ok\r\n250 ok\r\n451 later\r\n",
    "250 ok\r\n550 5.7.1 no\r\n503 MAIL first\r\n",
    "503 what\r\n",
    "252 perhaps\r\n",
    "552 full\r\n",
    "550 5.7.1 denied\r\n",
    "550-5.1.1 no\r\n",
    "550 5.1.1 no\r\n421 bye\r\n",
    "550 blocked\r\n",
    "354 go on\r\n",
    "250-",
    "550 5.1",
    ".1 no\r\n",
    "moin\r\n",
};

enum verb { GREETING, EHLO, MAIL, RCPT, RSET, QUIT };

struct command {
	enum verb verb;
	const char *text; /* of MAIL the sender, of RCPT the mailbox */
	int code;         /* of its reply; 0: none yet */
	bool denied;      /* the only line of its reply is "... 5.7.1 denied" */
};

/* The judge: what went over the wire. */
struct wire {
	struct command commands[64];
	size_t said, answered;
	unsigned mails;
	bool out_of_step; /* the server said more than it was asked */
	bool closing;     /* a 421 was among that */
	char line[24];    /* how the current line begins */
	size_t line_len;
};

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
add(struct wire *wire, enum verb verb, const char *text)
{
	check(wire->said < sizeof(wire->commands) / sizeof(wire->commands[0]));
	wire->commands[wire->said++] = (struct command){verb, text, 0, false};
}

static bool
is(const char *line, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(line, text, len) == 0;
}

/* One line of what the client says: it must be one of the few that it can say. */
static void
hear(struct wire *wire, const struct inquiry_question *question, const char *line, size_t len)
{
	const char *const mailboxes[] = {question->path, question->control, question->nobody};
	char text[400];

	check(wire->said == 0 || wire->commands[wire->said - 1].verb != QUIT);
	if (is(line, len, "EHLO us.") || is(line, len, "HELO us.")) {
		check(wire->mails == 0);
		add(wire, EHLO, "");
		return;
	}
	if (is(line, len, "RSET") || is(line, len, "QUIT")) {
		add(wire, line[0] == 'R' ? RSET : QUIT, "");
		return;
	}
	if (is(line, len, "MAIL FROM:<>") || is(line, len, "MAIL FROM:<> SMTPUTF8")) {
		wire->mails++;
		add(wire, MAIL, "");
		return;
	}
	if (is(line, len, "MAIL FROM:<" SENDER ">") ||
	    is(line, len, "MAIL FROM:<" SENDER "> SMTPUTF8")) {
		check(question->confirm_sender[0] != '\0');
		wire->mails++;
		add(wire, MAIL, question->confirm_sender);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "RCPT TO:<%s>", mailboxes[i]);
		if (mailboxes[i][0] != '\0' && is(line, len, text)) {
			add(wire, RCPT, mailboxes[i]);
			return;
		}
	}
	check(false);
}

static void
take_output(struct wire *wire, struct smtp *smtp, const struct inquiry_question *question)
{
	const char *p = smtp->out;
	size_t left = smtp->out_len;

	check(left <= SMTP_OUT_SIZE);
	while (left > 0) {
		const char *end = memchr(p, '\n', left);
		size_t len;

		check(end != NULL && end > p && end[-1] == '\r');
		len = (size_t)(end - p) + 1;
		hear(wire, question, p, len - 2);
		p += len;
		left -= len;
	}
	smtp->out_len = 0;
}

static void
answered(struct command *command, const char *line)
{
	command->code = atoi(line);
	command->denied = command->code == 550 && strcmp(line + 3, " 5.7.1 denied\r") == 0;
}

/* What the server says: each line that is not continued ends the reply to one command. */
static void
overhear(struct wire *wire, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (wire->answered == wire->said) {
			wire->out_of_step = true;
			wire->closing |= len - i >= 3 && memcmp(bytes + i, "421", 3) == 0;
			return;
		}
		if (bytes[i] != '\n') {
			if (wire->line_len < sizeof(wire->line) - 1)
				wire->line[wire->line_len++] = bytes[i];
			continue;
		}
		wire->line[wire->line_len] = '\0';
		if (wire->line_len < 4 || wire->line[3] != '-')
			answered(&wire->commands[wire->answered++], wire->line);
		wire->line_len = 0;
	}
}

/*
 * The code of the last reply to RCPT TO for this mailbox, 0 when it was not asked, not
 * answered, or the RSET or MAIL before it was not accepted. from is the sender it was asked
 * with.
 */
static int
last_code(const struct wire *wire, const char *mailbox, const char **from)
{
	const struct command *mail = NULL, *rset = NULL;
	int code = 0;

	for (size_t i = 0; i < wire->said; i++) {
		const struct command *command = &wire->commands[i];

		if (command->verb == MAIL)
			mail = command;
		if (command->verb == RSET)
			rset = command;
		if (command->verb != RCPT || strcmp(command->text, mailbox) != 0)
			continue;
		check(mail != NULL);
		*from = mail->text;
		code = mail->code == 250 && (rset == NULL || rset->code == 250) ? command->code
										: 0;
	}
	return code;
}

/* A text about policy: no control that is exempt from policy makes it one about the user. */
static bool
was_denied(const struct wire *wire, const char *mailbox)
{
	bool denied = false;

	for (size_t i = 0; i < wire->said; i++)
		if (wire->commands[i].verb == RCPT &&
		    strcmp(wire->commands[i].text, mailbox) == 0)
			denied = wire->commands[i].denied;
	return denied;
}

static void
judge_no(const struct wire *wire, const struct inquiry *inquiry)
{
	const struct inquiry_question *question = inquiry->question;
	const char *from = NULL, *control_from;

	check(last_code(wire, question->path, &from) / 100 == 5);
	check(inquiry->answer.stage == SMTP_RCPT && inquiry->answer.code / 100 == 5);
	check(strcmp(from, question->confirm_sender) == 0);
	check(!wire->out_of_step || wire->closing);
	if (question->control[0] == '\0' || strcmp(question->control, ROLED) == 0)
		check(!was_denied(wire, question->path));
	if (!question->doubt || question->control[0] == '\0')
		return;
	check(inquiry->control == CONTROL_ACCEPTED);
	check(strcmp(question->control, question->path) != 0);
	check(last_code(wire, question->control, &control_from) / 100 == 2);
	check(strcmp(control_from, from) == 0);
}

static void
judge(const struct wire *wire, const struct inquiry *inquiry)
{
	const struct inquiry_question *question = inquiry->question;
	const struct smtp_answer *answer = &inquiry->answer;
	const char *from;

	check(finding_name(answer->finding) != NULL && smtp_stage_name(answer->stage) != NULL);
	check(strlen(answer->enhanced) < sizeof(answer->enhanced));
	for (const char *p = answer->text; *p != '\0'; p++)
		check(*p >= ' ' && *p <= '~');
	check(answer->code != 0 || answer->note != NULL);
	check(wire->mails <= 4);
	if (finding_is_no(answer->finding))
		judge_no(wire, inquiry);
	if (answer->finding == FINDING_EXISTS)
		check(last_code(wire, question->path, &from) / 100 == 2);
	/* With a control nothing stays ambiguous. */
	check(answer->finding != FINDING_AMBIGUOUS || question->control[0] == '\0');
	switch (inquiry->catch_all) {
	case CATCH_ALL_YES:
		check(last_code(wire, question->nobody, &from) / 100 == 2);
		break;
	case CATCH_ALL_NO:
		check(last_code(wire, question->nobody, &from) / 100 == 5);
		break;
	case CATCH_ALL_UNCLEAR:
		check(question->nobody[0] != '\0');
		break;
	case CATCH_ALL_NOT_ASKED:
		break;
	}
	check(inquiry->catch_all == CATCH_ALL_NOT_ASKED ||
	    (answer->finding == FINDING_EXISTS && inquiry->control == CONTROL_NOT_ASKED));
	if (inquiry->control == CONTROL_REFUSED)
		check(answer->finding == FINDING_POLICY);
	if (inquiry->control == CONTROL_FAILED)
		check(answer->finding == FINDING_TEMPORARY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dialogue dialogue;
	const struct inquiry *inquiry = &dialogue.inquiry;
	struct smtp_terms terms = {.helo = "us.", .own_ip = "192.0.2.9"};
	static struct wire wire;
	struct inquiry_question question = {
	    .path = PLAIN, .confirm_sender = "", .control = "", .nobody = ""};
	struct smtp_answer first;
	int flags;

	if (size == 0 || size > 4096)
		return 0;
	flags = *data++;
	size--;
	if (flags & UTF8) {
		question.needs_utf8 = true;
		question.path = FAR;
	}
	if (flags & CONFIRM)
		question.confirm_sender = SENDER;
	if (flags & CONTROL)
		question.control = flags & SAME ? question.path : flags & ROLE ? ROLED : KNOWN;
	question.doubt = flags & DOUBT;
	if (flags & NOBODY)
		question.nobody = RANDOM;
	/* What the machine does not set itself must not matter. */
	memset(&dialogue, 0x5a, sizeof(dialogue));
	memset(&wire, 0, sizeof(wire));
	terms.guard_loop = flags & GUARD;
	dialogue_prepare(&dialogue, &question);
	dialogue_start(&dialogue, &terms);
	add(&wire, GREETING, "");
	check(!inquiry->done && dialogue.smtp.out_len == 0);
	while (size > 0 && !inquiry->done) {
		size_t len = *data++;
		const void *from = data;
		char *block;

		size--;
		if (len == 0) {
			dialogue_lost(&dialogue, "lost");
			check(inquiry->done);
			break;
		}
		if (len >= 0xe0) {
			from = replies[len - 0xe0];
			len = strlen(from);
		} else {
			if (len > size)
				len = size;
			data += len;
			size -= len;
		}
		block = malloc(len + 1); /* nothing is read behind its end */
		check(block != NULL);
		memcpy(block, from, len);
		overhear(&wire, block, len);
		dialogue_input(&dialogue, block, len);
		free(block);
		take_output(&wire, &dialogue.smtp, &question);
	}
	if (!inquiry->done) {
		dialogue_lost(&dialogue, "timeout");
		check(inquiry->done);
	}
	/* Nothing is said to a connection that is gone, and nothing changes the answer any more. */
	check(dialogue.smtp.out_len == 0);
	judge(&wire, inquiry);
	first = inquiry->answer;
	dialogue_lost(&dialogue, "late");
	check(
	    memcmp(&first, &inquiry->answer, sizeof(first)) == 0 && dialogue.smtp.out_len == 0);
	return 0;
}
