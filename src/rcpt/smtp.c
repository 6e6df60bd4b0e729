#include "smtp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "classify.h"

static const char *const stage_names[] = {
    [SMTP_CONNECT] = "connect",
    [SMTP_GREETING] = "greeting",
    [SMTP_EHLO] = "ehlo",
    [SMTP_HELO] = "helo",
    [SMTP_RSET] = "rset",
    [SMTP_MAIL] = "mail",
    [SMTP_RCPT] = "rcpt",
};

const char *
smtp_stage_name(enum smtp_stage stage)
{
	return stage_names[stage];
}

void
smtp_start(struct smtp *smtp, const struct smtp_question *question, const char *own_ip,
    bool guard_loop)
{
	smtp->question = question;
	snprintf(smtp->own_ip, sizeof(smtp->own_ip), "%s", own_ip);
	smtp->guard_loop = guard_loop;
	smtp->hold = false;
	smtp->done = false;
	smtp->open = false;
	smtp->pipelining = false;
	smtp->utf8 = false;
	smtp->draining = false;
	smtp->outstanding = 1; /* the greeting */
	smtp->stage = SMTP_GREETING;
	smtp->out_len = 0;
	reply_start(&smtp->reply);
}

/* Every argument is bounded by what address.h and settings.h let through: it fits. */
static void
say(struct smtp *smtp, const char *verb, const char *argument, const char *end)
{
	int len = snprintf(smtp->out + smtp->out_len, sizeof(smtp->out) - smtp->out_len,
	    "%s%s%s\r\n", verb, argument, end);

	smtp->out_len += (size_t)len;
	smtp->outstanding++;
}

static void
await(struct smtp *smtp, enum smtp_stage stage)
{
	smtp->stage = stage;
	reply_start(&smtp->reply);
}

static char
printable(char c)
{
	if (c >= ' ' && c <= '~')
		return c;
	return c == '\n' || c == '\t' || c == '\0' ? ' ' : '?';
}

static void
finish(struct smtp *smtp, enum finding finding, const char *note, bool with_reply)
{
	struct smtp_answer *answer = &smtp->answer;

	answer->finding = finding;
	answer->stage = smtp->stage;
	answer->lacks_utf8 = false;
	answer->note = note;
	answer->code = 0;
	answer->enhanced[0] = '\0';
	answer->text[0] = '\0';
	if (with_reply) {
		size_t len = smtp->reply.text_len;

		if (len > sizeof(answer->text) - 1)
			len = sizeof(answer->text) - 1;
		answer->code = smtp->reply.code;
		strcpy(answer->enhanced, smtp->reply.enhanced);
		for (size_t i = 0; i < len; i++)
			answer->text[i] = printable(smtp->reply.text[i]);
		answer->text[len] = '\0';
	}
	smtp->done = true;
}

void
smtp_lost(struct smtp *smtp, const char *note)
{
	smtp->open = false;
	if (!smtp->done && !smtp->draining)
		finish(smtp, FINDING_TEMPORARY, note, false);
	smtp->done = true;
}

/* The reply is an answer: say goodbye without waiting for the echo, or get ready for more. */
static void
conclude(struct smtp *smtp, enum finding finding, const char *note)
{
	finish(smtp, finding, note, true);
	/* Before MAIL there is nothing that a second question could change. */
	if (!smtp->hold || smtp->stage < SMTP_RSET) {
		say(smtp, "QUIT", "", "");
	} else if (smtp->outstanding > 0) {
		smtp->draining = true;
		smtp->done = false;
		reply_start(&smtp->reply);
	} else {
		smtp->open = smtp->reply.code != 421;
	}
}

/*
 * Does the EHLO reply have this keyword, in a line of its own after the first (RFC 5321
 * 4.1.1.1)?
 */
static bool
offers(const struct reply *reply, const char *keyword)
{
	size_t len = strlen(keyword);
	const char *line = memchr(reply->text, '\n', reply->text_len);

	while (line != NULL) {
		const char *end = reply->text + reply->text_len;

		line++;
		if ((size_t)(end - line) >= len && strncasecmp(line, keyword, len) == 0 &&
		    (line + len == end || line[len] == ' ' || line[len] == '\n'))
			return true;
		line = memchr(line, '\n', (size_t)(end - line));
	}
	return false;
}

static void
say_rcpt(struct smtp *smtp)
{
	say(smtp, "RCPT TO:<", smtp->question->path, ">");
}

static void
ask(struct smtp *smtp)
{
	const struct smtp_question *question = smtp->question;

	say(smtp, "MAIL FROM:<", question->sender, question->needs_utf8 ? "> SMTPUTF8" : ">");
	if (smtp->pipelining)
		say_rcpt(smtp);
}

static void
ask_first(struct smtp *smtp)
{
	if (smtp->question->needs_utf8 && !smtp->utf8) {
		conclude(smtp, FINDING_POLICY, "no-smtputf8");
		/* HELO came after a refused EHLO, which may be about us. */
		smtp->answer.lacks_utf8 = smtp->stage == SMTP_EHLO;
		return;
	}
	ask(smtp);
	await(smtp, SMTP_MAIL);
}

/* Is the first word of the greeting our own name? */
static bool
greets_as_us(const struct smtp *smtp)
{
	const char *helo = smtp->question->helo;
	size_t len = strlen(helo);

	return smtp->guard_loop && smtp->reply.text_len >= len &&
	    strncasecmp(smtp->reply.text, helo, len) == 0 &&
	    strchr(" \n", smtp->reply.text[len]) != NULL; /* or NUL: the end */
}

static void
take_reply(struct smtp *smtp)
{
	const struct reply *reply = &smtp->reply;
	/* These and no others (RFC 5321 4.3.2): another 2yz means that we are out of step. */
	bool good = reply->code == (smtp->stage == SMTP_GREETING ? 220 : 250);
	struct classify_question question;

	switch (smtp->stage) {
	case SMTP_GREETING:
		if (good && greets_as_us(smtp)) {
			conclude(smtp, FINDING_POLICY, "loop");
		} else if (good) {
			say(smtp, "EHLO ", smtp->question->helo, "");
			await(smtp, SMTP_EHLO);
		} else {
			conclude(smtp, classify_before_rcpt(reply), NULL);
		}
		return;
	case SMTP_EHLO:
		if (good) {
			smtp->pipelining = offers(reply, "PIPELINING");
			smtp->utf8 = offers(reply, "SMTPUTF8");
			ask_first(smtp);
		} else if (reply->code == 500 || reply->code == 502 || reply->code == 504 ||
		    reply->code == 550) {
			say(smtp, "HELO ", smtp->question->helo, "");
			await(smtp, SMTP_HELO);
		} else {
			conclude(smtp, classify_before_rcpt(reply), NULL);
		}
		return;
	case SMTP_HELO:
		if (good)
			ask_first(smtp);
		else
			conclude(smtp, classify_before_rcpt(reply), NULL);
		return;
	case SMTP_RSET:
		if (!good) {
			finish(smtp, FINDING_TEMPORARY, NULL, true);
			say(smtp, "QUIT", "", "");
			return;
		}
		if (!smtp->pipelining)
			ask(smtp);
		await(smtp, SMTP_MAIL);
		return;
	case SMTP_MAIL:
		/* A refused MAIL makes whatever is said to a pipelined RCPT meaningless. */
		if (!good) {
			conclude(smtp, classify_before_rcpt(reply), NULL);
			return;
		}
		if (!smtp->pipelining)
			say_rcpt(smtp);
		await(smtp, SMTP_RCPT);
		return;
	case SMTP_RCPT:
		question.path = smtp->question->path;
		question.own_ip = smtp->own_ip;
		question.needs_utf8 = smtp->question->needs_utf8;
		conclude(smtp, classify_rcpt(reply, &question), NULL);
		return;
	case SMTP_CONNECT:
		return;
	}
}

/*
 * Bytes have come behind the reply just taken that answer nothing we had said. The server is
 * not in step with us, and no "no" of it can be trusted; only a 421 that closes the connection
 * may follow an answer (RFC 5321 3.8).
 */
static void
distrust(struct smtp *smtp, const char *bytes, size_t len)
{
	bool closing = len >= 3 && memcmp(bytes, "421", 3) == 0;

	smtp->open = false;
	if (smtp->done && (smtp->answer.stage != SMTP_RCPT || closing))
		return;
	smtp->draining = false;
	smtp->out_len = 0;
	finish(smtp, FINDING_TEMPORARY, "out-of-step", false);
}

void
smtp_input(struct smtp *smtp, const char *bytes, size_t len)
{
	while (len > 0 && !smtp->done) {
		size_t used;
		enum reply_state state = reply_feed(&smtp->reply, bytes, len, &used);
		bool unasked;

		bytes += used;
		len -= used;
		if (state == REPLY_GARBAGE) {
			smtp_lost(smtp, "garbage");
			return;
		}
		if (state != REPLY_WHOLE)
			continue;
		smtp->outstanding--;
		unasked = smtp->outstanding == 0 && len > 0;
		if (smtp->draining) {
			smtp->draining = false;
			smtp->done = true;
			smtp->open = smtp->reply.code != 421;
		} else {
			take_reply(smtp);
		}
		if (unasked)
			distrust(smtp, bytes, len);
	}
}

void
smtp_again(struct smtp *smtp, const struct smtp_question *question)
{
	smtp->question = question;
	smtp->done = false;
	smtp->open = false;
	say(smtp, "RSET", "", "");
	if (smtp->pipelining)
		ask(smtp);
	await(smtp, SMTP_RSET);
}

void
smtp_quit(struct smtp *smtp)
{
	if (smtp->open)
		say(smtp, "QUIT", "", "");
	smtp->open = false;
}
