/*
 * The SMTP client against any server, in flights and with STARTTLS. What comes out is judged
 * once more from nothing but the bytes: which commands went out, and which reply each had.
 *
 * The first byte is a set of conditions; of the rest each piece is a byte of length and what
 * the server says. 0 loses the connection. With FLIGHT lengths from 0xe0 on are one of the
 * replies below instead, and each time that questions can be asked, one byte says how many.
 * While TLS is made, any piece means that it is, but one of length 0 or 1. With FINE all pieces
 * come byte by byte.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rcpt/smtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	UTF8 = 1,
	GUARD = 2,
	SENDER = 4,
	FINE = 8,
	HOLD = 16,
	MAY = 32,
	MUST = 64,
	FLIGHT = 128
};

#define FLIGHTS_MAX 4

#define REPLIES_FROM 0xd8

static const char *const replies[0x100 - REPLIES_FROM] = {
    "550 5.1.1 <\"a b0\"@example.com> no\r\n",
    "550 5.1.1 <\"a b1\"@example.com> no\r\n",
    "550 5.1.1 <\"a b2\"@example.com> no\r\n",
    "250 ok\r\n250 ok\r\n250 ok\r\n550 5.1.1 no\r\n",
    "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n550 5.1.1 no\r\n",
    "250 ok\r\n550 5.7.1 no\r\n503 what\r\n503 what\r\n",
    "452 4.5.3 too many\r\n",
    "250 <\"a b1\"@example.com> ok\r\n",
    /* from 0xe0 on */
    "220 mx\r\n",
    "250 mx\r\n",
    "250-mx\r\n250 PIPELINING\r\n",
    "250-mx\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n",
    "250 ok\r\n",
    "550 5.1.1 no\r\n",
    "550 5.7.1 no\r\n",
    "550 5.2.1 off\r\n",
    "450 5.1.1 no\r\n",
    "421 bye\r\n",
    "250 ok\r\n250 ok\r\n",
    "250 ok\r\n550 5.1.1 no\r\n",
    "250 ok\r\n250 ok\r\n250 ok\r\n",
    "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n",
    "250 ok\r\n550 5.7.1 no\r\n503 MAIL first\r\n",
    "550 5.7.1 no\r\n503 MAIL first\r\n",
    "250 ok\r\n250 ok\r\n451 later\r\n",
    "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n250 ok\r\n250 ok\r\n550 5.1.1 no\r\n",
    "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n550 5.1.1 no\r\n",
    "250 ok\r\n250 ok\r\n250 ok\r\n421 bye\r\n",
    "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n421 bye\r\n",
    "503 what\r\n",
    "252 perhaps\r\n",
    "500 what\r\n",
    "454 no TLS\r\n",
    "550-5.1.1 no\r\n",
    "220 go\r\n250 mx\r\n",
    "354 go on\r\n",
    "250-",
    "550 5.1",
    ".1 no\r\n",
    "moin\r\n",
};

enum verb { GREETING, EHLO, HELO, STARTTLS, RSET, MAIL, RCPT, QUIT };

struct command {
	enum verb verb;
	int code; /* of its reply; 0: none yet */
};

/* The questions, from the first on, and those of the flight. */
static struct question {
	char sender[40], path[40];
	size_t mail, rcpt; /* which commands these are; 0: not said yet */
	size_t rset;
	bool joins; /* mail and rset are those of the one before */
} questions[FLIGHTS_MAX * SMTP_FLIGHT_MAX];
static struct smtp_ask asks[SMTP_FLIGHT_MAX];
static struct smtp_answer answers[SMTP_FLIGHT_MAX]; /* as they were when the flight was over */
static size_t asked, first, count; /* questions; the flight's first, and how many */
static size_t flights;

/* The judge: what went over the wire. */
static struct wire {
	struct command commands[4 * FLIGHTS_MAX * SMTP_FLIGHT_MAX];
	size_t said, answered;
	bool out_of_step; /* the server said more than it was asked */
	bool closing;     /* a 421 was the first of that */
	bool over;        /* QUIT was said, or the connection is lost */
	bool garbage;     /* something was no reply */
	char line[8];     /* how the current line begins */
	size_t line_len;
	char mark; /* its fourth character */
	int code;  /* of the lines before it in the same reply; 0: it is the first */
	size_t lines, bytes;
	char heard[1 << 20]; /* all the server said, in clear or since it is not */
	size_t heard_len;
} wire;

static struct smtp smtp;
static int flags;

static void
check(bool good)
{
	if (!good)
		abort();
}

static size_t
add(enum verb verb)
{
	check(wire.said < sizeof(wire.commands) / sizeof(wire.commands[0]));
	wire.commands[wire.said] = (struct command){verb, 0};
	return wire.said++;
}

static bool
is(const char *line, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(line, text, len) == 0;
}

/* Has the server said this word, in whatever place? */
static bool
was_offered(const char *word)
{
	for (size_t i = 0; i + strlen(word) <= wire.heard_len; i++)
		if (strncasecmp(wire.heard + i, word, strlen(word)) == 0)
			return true;
	return false;
}

/* Of the commands of the questions, the next. */
static void
hear_question(const char *line, size_t len)
{
	struct question *question = &questions[first];
	char text[100];

	while (question < &questions[asked] && question->rcpt != 0)
		question++;
	/* Of a question whose sender was refused there may be no RCPT. */
	if (is(line, len, "RSET") && question < &questions[asked] && question->mail != 0) {
		check(wire.commands[question->mail].code != 250);
		question++;
	}
	check(question < &questions[asked]);
	if (question->joins) {
		check(!is(line, len, "RSET"));
		question->rset = question[-1].rset;
		question->mail = question[-1].mail;
	}
	if (is(line, len, "RSET")) {
		check(question > questions && question->rset == 0);
		question->rset = add(RSET);
		return;
	}
	check(question == questions || question->joins || question->rset != 0);
	if (question->mail == 0) {
		snprintf(text, sizeof(text), "MAIL FROM:<%s>%s", question->sender,
		    asks[question - questions - (long)first].needs_utf8 ? " SMTPUTF8" : "");
		check(is(line, len, text));
		check(!(flags & MUST) || smtp.secured);
		question->mail = add(MAIL);
		return;
	}
	snprintf(text, sizeof(text), "RCPT TO:<%s>", question->path);
	check(is(line, len, text));
	question->rcpt = add(RCPT);
}

/* One line of what the client says: it must be the next that it can say. */
static void
hear(const char *line, size_t len)
{
	enum verb last = wire.commands[wire.said - 1].verb;
	int code = wire.commands[wire.said - 1].code;

	check(!wire.over);
	if (is(line, len, "EHLO us.")) {
		check(last == GREETING && code == 220);
		add(EHLO);
	} else if (is(line, len, "HELO us.")) {
		check(last == EHLO && code >= 500);
		add(HELO);
	} else if (is(line, len, "STARTTLS")) {
		check(last == EHLO && code == 250 && flags & (MAY | MUST) && !smtp.secured);
		check(was_offered("STARTTLS"));
		add(STARTTLS);
	} else if (is(line, len, "QUIT")) {
		check(smtp.state == SMTP_CLOSED);
		add(QUIT);
		wire.over = true;
	} else {
		hear_question(line, len);
	}
}

/* More than one command at a time only where that is offered. */
static void
take_output(void)
{
	const char *p = smtp.out;
	size_t left = smtp.out_len, lines = 0;

	check(left <= SMTP_OUT_SIZE);
	while (left > 0) {
		const char *end = memchr(p, '\n', left);
		size_t len;

		check(end != NULL && end > p && end[-1] == '\r');
		len = (size_t)(end - p) + 1;
		check(memchr(p, '\r', len - 2) == NULL && memchr(p, '\0', len) == NULL);
		hear(p, len - 2);
		lines++;
		p += len;
		left -= len;
	}
	check(lines <= 1 || was_offered("PIPELINING"));
	smtp.out_len = 0;
}

/* The line is whole. */
static void
end_line(void)
{
	size_t len = wire.line_len;
	int code;

	if (len > 0 && len < sizeof(wire.line) && wire.line[len - 1] == '\r')
		len--;
	wire.line[len < 3 ? len : 3] = '\0';
	code = len < 3 || strspn(wire.line, "0123456789") != 3 ? 0 : atoi(wire.line);
	if (code < 200 || code > 599 || (wire.code != 0 && wire.code != code) ||
	    (len > 3 && wire.mark != ' ' && wire.mark != '-') || ++wire.lines > REPLY_LINES_MAX)
		wire.garbage = true;
	wire.line_len = 0;
	wire.code = code;
	if (len > 3 && wire.mark == '-')
		return;
	wire.commands[wire.answered++].code = code;
	wire.code = 0;
	wire.lines = wire.bytes = 0;
}

/* What the server says: each line that is not continued ends the reply to one command. */
static void
overhear(const char *bytes, size_t len)
{
	size_t room = sizeof(wire.heard) - wire.heard_len;

	memcpy(wire.heard + wire.heard_len, bytes, len < room ? len : room);
	wire.heard_len += len < room ? len : room;
	for (size_t i = 0; i < len && !wire.garbage; i++) {
		if (wire.answered == wire.said) {
			wire.closing = len - i >= 3 && memcmp(bytes + i, "421", 3) == 0;
			wire.out_of_step = true;
			return;
		}
		if (++wire.bytes > REPLY_BYTES_MAX) {
			wire.garbage = true;
		} else if (bytes[i] == '\n') {
			end_line();
		} else if (wire.line_len < sizeof(wire.line)) {
			if (wire.line_len == 3)
				wire.mark = bytes[i];
			wire.line[wire.line_len++] = bytes[i];
		}
	}
}

static void
check_form(const struct smtp_answer *answer)
{
	check(finding_name(answer->finding) != NULL && smtp_stage_name(answer->stage) != NULL);
	check(strlen(answer->enhanced) < sizeof(answer->enhanced));
	for (const char *p = answer->text; *p != '\0'; p++)
		check(*p >= ' ' && *p <= '~');
	check(answer->code != 0 || answer->note != NULL);
}

/* Has each command of the flight had its reply, and no RSET another than 250? */
static bool
is_whole(void)
{
	for (size_t i = first; i < asked; i++) {
		const struct question *question = &questions[i];

		if (question->rcpt == 0
			? question->mail == 0 || wire.commands[question->mail].code == 0 ||
			    wire.commands[question->mail].code == 250
			: wire.commands[question->rcpt].code == 0)
			return false;
		if (question->rset != 0 && wire.commands[question->rset].code != 250)
			return false;
	}
	return !wire.garbage && (!wire.out_of_step || wire.closing);
}

/* Does the text speak of that mailbox? */
static bool
names(const char *text, const struct question *question)
{
	char name[sizeof(question->path) + 2];

	snprintf(name, sizeof(name), "<%s>", question->path);
	return strcasestr(text, name) != NULL;
}

/* A "no" of a flight that names the mailbox of another question, and not its own. */
static bool
is_of_another(size_t number, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found = found || names(text, &questions[first + i]);
	return found && !names(text, &questions[first + number]);
}

/* Was the flight spoilt since the server spoke of another mailbox than we had asked for? */
static bool
is_doubted(void)
{
	const char *note = asks[0].answer.note;

	return count > 1 && was_offered("<\"a b") && note != NULL &&
	    strcmp(note, "out-of-step") == 0;
}

/* The flight is over: an answer counts only where the bytes prove it. */
static void
judge_flight(void)
{
	bool whole = is_whole() && !is_doubted();

	for (size_t i = 0; i < count; i++) {
		const struct question *question = &questions[first + i];
		const struct smtp_answer *answer = &asks[i].answer;
		int code = question->rcpt == 0 ? 0 : wire.commands[question->rcpt].code;
		int mail = question->mail == 0 ? 0 : wire.commands[question->mail].code;

		check_form(answer);
		check(!answer->lacks_utf8);
		check(whole || !finding_is_verdict(answer->finding));
		check(whole || count == 1 || answer->finding == FINDING_TEMPORARY);
		if (finding_is_verdict(answer->finding)) {
			check(answer->stage == SMTP_RCPT && answer->note == NULL);
			check(mail == 250 && code == answer->code);
			check(code / 100 == (answer->finding == FINDING_EXISTS ? 2 : 5));
			/* Of a longer text only the beginning is there. */
			check(!finding_is_no(answer->finding) ||
			    strlen(answer->text) + 1 == sizeof(answer->text) ||
			    !is_of_another(i, answer->text));
		}
		if (whole && mail == 250)
			check(answer->stage == SMTP_RCPT && answer->code == code);
		if (whole && mail != 250)
			check(answer->stage == SMTP_MAIL && answer->code == mail);
		answers[i] = *answer;
	}
}

static void
check_state(void)
{
	size_t room = smtp_room(&smtp);

	check(smtp.state == SMTP_READY ? room == 1 || room == SMTP_FLIGHT_MAX : room == 0);
	check(room <= 1 || was_offered("PIPELINING"));
	check(smtp.asked == asked);
	if (smtp.state == SMTP_READY)
		check(wire.answered == wire.said && !wire.out_of_step && wire.line_len == 0);
	if (smtp.state == SMTP_ASKING)
		check(wire.answered < wire.said + (smtp.out_len > 0));
	if (smtp.state == SMTP_LISTENING)
		check(wire.answered == wire.said && !wire.out_of_step && count > 1);
	if (smtp.state == SMTP_SECURING)
		check(wire.commands[wire.said - 1].verb == STARTTLS && !wire.out_of_step &&
		    wire.commands[wire.said - 1].code == 220);
	if (smtp.state == SMTP_CLOSED) {
		check_form(&smtp.answer);
		check(!finding_is_verdict(smtp.answer.finding));
	} else {
		check(!wire.out_of_step && !wire.garbage);
	}
}

/*
 * Asks so many, but for those that this server cannot be asked. joining is a bit for each but the
 * first that is to be in the transaction of the one before.
 */
static void
ask(size_t wanted, unsigned joining)
{
	size_t room = smtp_room(&smtp);

	count = 0;
	first = asked;
	for (size_t i = 0; i < wanted && count < room; i++) {
		struct question *question = &questions[first + count];
		struct smtp_ask *this = &asks[count];
		bool joins = count > 0 && joining >> (count - 1) & 1;
		bool far =
		    joins ? this[-1].needs_utf8 : (flags & UTF8) && (flights + i) % 3 == 0;

		memset(this, 0x5a, sizeof(*this));
		memset(question, 0, sizeof(*question));
		question->joins = joins;
		snprintf(question->sender, sizeof(question->sender), "%s",
		    joins                               ? question[-1].sender
			: !(flags & SENDER) == !(i % 2) ? ""
							: "probe@example.net");
		snprintf(question->path, sizeof(question->path), "\"a b%zu\"@example.com",
		    first + count);
		this->sender = question->sender;
		this->path = question->path;
		this->needs_utf8 = far;
		this->joins = joins;
		if (smtp_lacks(&smtp, this)) {
			check(far && this->answer.finding == FINDING_POLICY);
			/* That it has none is not proven while there is TLS to try. */
			check(!this->answer.lacks_utf8 || smtp.secured || asked > 0 ||
			    !was_offered("250-mx\r\n250-STARTTLS\r\n"));
			check_form(&this->answer);
		} else {
			check(!far || was_offered("SMTPUTF8"));
			count++;
		}
	}
	if (count == 0) {
		smtp_quit(&smtp);
		check(smtp.state == SMTP_CLOSED);
		return;
	}
	asked += count;
	flights++;
	smtp_ask(&smtp, asks, count);
	check(smtp.state == SMTP_ASKING && smtp.out_len > 0);
}

/* As far as it goes without another reply. */
static void
go_on(const uint8_t **data, size_t *size)
{
	size_t wanted = 1;
	unsigned joining = 0;

	if (smtp.state != SMTP_READY)
		return;
	if (flights > 0 && (flights == FLIGHTS_MAX || !(flags & (HOLD | FLIGHT)))) {
		smtp_quit(&smtp);
		return;
	}
	if (flags & FLIGHT && *size > 0) {
		wanted = **data % (SMTP_FLIGHT_MAX + 1); /* 0: none */
		joining = **data / (SMTP_FLIGHT_MAX + 1);
		joining |= joining << 5;
		++*data;
		--*size;
	}
	ask(wanted, joining);
}

static bool
is_asking(void)
{
	return smtp.state == SMTP_ASKING || smtp.state == SMTP_LISTENING;
}

/* Is there a "no" of several that names nobody? It must not count at once. */
static bool
is_unsure(void)
{
	bool unsure = false;

	for (size_t i = 0; i < count && count > 1; i++)
		unsure =
		    unsure || (finding_is_no(asks[i].answer.finding) && !asks[i].answer.names);
	return unsure;
}

static void
lose(const char *note)
{
	bool asking = is_asking();

	if (smtp.state != SMTP_CLOSED)
		wire.over = true;
	smtp_lost(&smtp, note);
	check(smtp.state == SMTP_CLOSED);
	if (asking)
		judge_flight();
}

static void
say(const char *bytes, size_t len)
{
	char *block = malloc(len + 1); /* nothing is read behind its end */
	bool asking = is_asking();

	check(block != NULL);
	memcpy(block, bytes, len);
	if (smtp.state != SMTP_CLOSED)
		overhear(block, len);
	smtp_input(&smtp, block, len);
	free(block);
	if (asking && !is_asking()) {
		check(smtp.state != SMTP_READY || !is_unsure());
		judge_flight();
	}
}

static void
secure(void)
{
	smtp_secured(&smtp);
	check(smtp.state == SMTP_OPENING && smtp.secured);
	wire.heard_len = 0; /* what was said in clear counts for nothing */
	wire.commands[wire.said - 1] = (struct command){GREETING, 220};
	wire.line_len = 0;
}

/* What follows from what was said. */
static void
settle(const uint8_t **data, size_t *size)
{
	take_output();
	check_state();
	if (smtp.state == SMTP_LISTENING && (*size == 0 || **data % 2 != 0)) {
		smtp_listened(&smtp);
		check(smtp.state == SMTP_READY);
		judge_flight();
	}
	go_on(data, size);
	take_output();
	check_state();
	if (is_asking())
		return;
	for (size_t i = 0; i < count; i++)
		check(memcmp(&answers[i], &asks[i].answer, sizeof(answers[i])) == 0);
}

/* The next piece. */
static void
step(const uint8_t **data, size_t *size)
{
	size_t len = *(*data)++, piece;
	const char *from = (const char *)*data;

	--*size;
	if (len == 0) {
		lose("lost");
		settle(data, size);
		return;
	}
	if (flags & FLIGHT && len >= REPLIES_FROM) {
		from = replies[len - REPLIES_FROM];
		len = strlen(from);
	} else {
		if (len > *size)
			len = *size;
		*data += len;
		*size -= len;
	}
	if (smtp.state == SMTP_SECURING && len != 1) {
		secure();
		settle(data, size);
		return;
	}
	piece = flags & FINE ? 1 : len;
	for (size_t i = 0; i < len; i += piece) {
		say(from + i, piece);
		settle(data, size);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_terms terms = {.helo = "us.", .own_ip = "192.0.2.9"};

	if (size == 0 || size > 4096)
		return 0;
	flags = *data++;
	size--;
	terms.guard_loop = flags & GUARD;
	terms.tls = flags & MUST ? SMTP_TLS_MUST : flags & MAY ? SMTP_TLS_MAY : SMTP_TLS_NONE;
	asked = first = count = flights = 0;
	memset(&wire, 0, offsetof(struct wire, heard));
	wire.heard_len = 0;
	memset(&smtp, 0x5a, sizeof(smtp));
	smtp_start(&smtp, &terms);
	add(GREETING);
	check_state();
	while (size > 0)
		step(&data, &size);
	lose("timeout");
	take_output();
	check_state();
	return 0;
}
