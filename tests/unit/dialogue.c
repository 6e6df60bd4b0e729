/*
 * The dialogue: what follows from the answers to all that is asked in one conversation. Each
 * row of the table is held with a server that pipelines and with one that does not, the replies
 * in one piece, one by one, and byte by byte; and again and again with something going wrong on
 * the way.
 */
#include "rcpt/dialogue.h"

#include "tap.h"

enum { CONFIRM = 1, CONTROL = 2, DOUBT = 4, NOBODY = 8, UTF8 = 16, SAME = 32, WHOLE = 64 };

#define USER   "user@example.com"
#define KNOWN  "known@example.com"
#define NOONE  "nobody@example.com"
#define PROBE  "probe@example.net"
#define NO     "550 5.1.1 no such user"
#define OFF    "550 5.2.1 disabled"
#define VAGUE  "550 5.7.1 no"
#define REJECT "550 relaying denied"

/*
 * server: its replies to MAIL and RCPT of the first question, then to RSET, MAIL and RCPT of
 * each other, "|" between them and CR LF for "\n"; "-" hangs up. 503 is said to a RCPT behind a
 * refused MAIL. WHOLE: it says more than it is asked, which can only be found out in one piece.
 *
 * answer: finding, stage, note and code; "-" where there is none
 *
 * asked: what was, of those that MAIL was accepted for: "<>:user" and so on, "+" for SMTPUTF8,
 * then "Q" for QUIT
 */
static const struct row {
	const char *name;
	unsigned with;
	const char *server;
	const char *answer;
	enum inquiry_control control;
	enum inquiry_catch_all catch_all;
	const char *asked;
} rows[] = {
    {"a yes", 0, "250|250", "exists rcpt - 250", 0, 0, "<>:user Q"},
    {"a no", 0, "250|" NO, "unknown rcpt - 550", 0, 0, "<>:user Q"},
    {"a no for now", 0, "250|" OFF, "refused rcpt - 550", 0, 0, "<>:user Q"},
    {"not now", 0, "250|451 later", "temporary rcpt - 451", 0, 0, "<>:user Q"},
    {"us", 0, "250|" REJECT, "policy rcpt - 550", 0, 0, "<>:user Q"},
    {"whom?", 0, "250|" VAGUE, "ambiguous rcpt - 550", 0, 0, "<>:user Q"},
    {"no MAIL", 0, REJECT, "policy mail - 550", 0, 0, "Q"},
    {"no MAIL now", 0, "451 later", "temporary mail - 451", 0, 0, "Q"},
    {"a no, and more", WHOLE, "250|" NO "\n250 ok", "temporary rcpt out-of-step 0", 0, 0,
	"<>:user"},
    {"a no, and goodbye", WHOLE, "250|" NO "\n421 bye", "unknown rcpt - 550", 0, 0, "<>:user"},

    {"confirm: yes needs none", CONFIRM, "250|250", "exists rcpt - 250", 0, 0, "<>:user Q"},
    {"confirm: not now needs none", CONFIRM, "250|451 later", "temporary rcpt - 451", 0, 0,
	"<>:user Q"},
    {"confirm: no MAIL now", CONFIRM, "451 later", "temporary mail - 451", 0, 0, "Q"},
    {"confirm: no, no", CONFIRM, "250|" NO "|250|250|" NO, "unknown rcpt - 550", 0, 0,
	"<>:user probe:user Q"},
    {"confirm: no, yes", CONFIRM, "250|" NO "|250|250|250",
	"exists rcpt null-sender-refused 250", 0, 0, "<>:user probe:user Q"},
    {"confirm: no, no for now", CONFIRM, "250|" NO "|250|250|" OFF, "refused rcpt - 550", 0, 0,
	"<>:user probe:user Q"},
    {"confirm: no, not now", CONFIRM, "250|" NO "|250|250|451 later", "temporary rcpt - 451", 0,
	0, "<>:user probe:user Q"},
    {"confirm: no, over quota", CONFIRM, "250|" NO "|250|250|552 5.2.2 full",
	"temporary rcpt - 552", 0, 0, "<>:user probe:user Q"},
    {"confirm: no, perhaps", CONFIRM, "250|" NO "|250|250|252 perhaps", "temporary rcpt - 252",
	0, 0, "<>:user probe:user Q"},
    {"confirm: no, us", CONFIRM, "250|" NO "|250|250|" REJECT, "policy rcpt - 550", 0, 0,
	"<>:user probe:user Q"},
    {"confirm: no, whom?", CONFIRM, "250|" NO "|250|250|" VAGUE, "ambiguous rcpt - 550", 0, 0,
	"<>:user probe:user Q"},
    {"confirm: no, no MAIL", CONFIRM, "250|" NO "|250|" REJECT, "policy rcpt unconfirmed 550",
	0, 0, "<>:user Q"},
    {"confirm: no, no MAIL now", CONFIRM, "250|" NO "|250|451 later",
	"temporary rcpt unconfirmed 550", 0, 0, "<>:user Q"},
    {"confirm: no, no RSET", CONFIRM, "250|" NO "|500 what?", "temporary rcpt unconfirmed 550",
	0, 0, "<>:user Q"},
    {"confirm: no, RSET 421", CONFIRM, "250|" NO "|421 bye", "temporary rcpt unconfirmed 550",
	0, 0, "<>:user Q"},
    {"confirm: no, RSET 220", CONFIRM, "250|" NO "|220 hello", "temporary rcpt unconfirmed 550",
	0, 0, "<>:user Q"},
    {"confirm: no, lost at RSET", CONFIRM, "250|" NO "|-", "temporary rcpt unconfirmed 550", 0,
	0, "<>:user"},
    {"confirm: no, lost at MAIL", CONFIRM, "250|" NO "|250|-", "temporary rcpt unconfirmed 550",
	0, 0, "<>:user"},
    {"confirm: no, lost at RCPT", CONFIRM, "250|" NO "|250|250|-",
	"temporary rcpt unconfirmed 550", 0, 0, "<>:user probe:user"},
    {"confirm: no, garbage", CONFIRM, "250|" NO "|250|250|moin",
	"temporary rcpt unconfirmed 550", 0, 0, "<>:user probe:user"},
    {"confirm: no, and goodbye", CONFIRM | WHOLE, "250|" NO "\n421 bye",
	"temporary rcpt unconfirmed 550", 0, 0, "<>:user"},
    {"confirm: no, no, and more", CONFIRM | WHOLE, "250|" NO "|250|250|" NO "\n" NO,
	"temporary rcpt unconfirmed 550", 0, 0, "<>:user probe:user"},
    {"confirm: no, no, and goodbye", CONFIRM | WHOLE, "250|" NO "|250|250|" NO "\n421 bye",
	"unknown rcpt - 550", 0, 0, "<>:user probe:user"},
    {"confirm: us, yes", CONFIRM, "250|" REJECT "|250|250|250",
	"exists rcpt null-sender-refused 250", 0, 0, "<>:user probe:user Q"},
    {"confirm: us, no", CONFIRM, "250|" REJECT "|250|250|" NO, "unknown rcpt - 550", 0, 0,
	"<>:user probe:user Q"},
    {"confirm: whom?, no", CONFIRM, "250|" VAGUE "|250|250|" NO, "unknown rcpt - 550", 0, 0,
	"<>:user probe:user Q"},
    {"confirm: whom?, no MAIL", CONFIRM, "250|" VAGUE "|250|" REJECT,
	"policy rcpt unconfirmed 550", 0, 0, "<>:user Q"},
    {"confirm: no MAIL from <>, yes", CONFIRM, REJECT "|250|250|250",
	"exists rcpt null-sender-refused 250", 0, 0, "probe:user Q"},
    {"confirm: no MAIL from <>, no", CONFIRM, REJECT "|250|250|" NO, "unknown rcpt - 550", 0, 0,
	"probe:user Q"},
    {"confirm: no MAIL from <>, and none", CONFIRM, REJECT "|250|550 5.7.1 nor from you",
	"policy mail - 550", 0, 0, "Q"},
    {"confirm: no MAIL from <>, lost", CONFIRM, REJECT "|-", "policy mail - 550", 0, 0, ""},
    {"confirm: no MAIL from <>, then 421", CONFIRM, REJECT "|421 bye", "policy mail - 550", 0,
	0, "Q"},

    {"control: whom? the user", CONTROL, "250|" VAGUE "|250|250|250", "unknown rcpt - 550",
	CONTROL_ACCEPTED, 0, "<>:user <>:known Q"},
    {"control: 554, the user", CONTROL, "250|554 no|250|250|250", "unknown rcpt - 554",
	CONTROL_ACCEPTED, 0, "<>:user <>:known Q"},
    {"control: whom? us", CONTROL, "250|" VAGUE "|250|250|" VAGUE, "policy rcpt - 550",
	CONTROL_REFUSED, 0, "<>:user <>:known Q"},
    {"control: unknown as well", CONTROL, "250|" VAGUE "|250|250|" NO, "policy rcpt - 550",
	CONTROL_REFUSED, 0, "<>:user <>:known Q"},
    {"control: disabled as well", CONTROL, "250|" VAGUE "|250|250|" OFF, "policy rcpt - 550",
	CONTROL_REFUSED, 0, "<>:user <>:known Q"},
    {"control: us, in words", CONTROL, "250|" VAGUE "|250|250|" REJECT, "policy rcpt - 550",
	CONTROL_REFUSED, 0, "<>:user <>:known Q"},
    {"control: not now", CONTROL, "250|" VAGUE "|250|250|451 later", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user <>:known Q"},
    {"control: over quota", CONTROL, "250|" VAGUE "|250|250|552 full", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user <>:known Q"},
    {"control: perhaps", CONTROL, "250|" VAGUE "|250|250|252 perhaps", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user <>:known Q"},
    {"control: no MAIL", CONTROL, "250|" VAGUE "|250|550 5.5.1 one is enough",
	"temporary rcpt - 550", CONTROL_FAILED, 0, "<>:user Q"},
    {"control: no MAIL now", CONTROL, "250|" VAGUE "|250|450 later", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user Q"},
    {"control: no RSET", CONTROL, "250|" VAGUE "|502 what?", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user Q"},
    {"control: lost at RSET", CONTROL, "250|" VAGUE "|-", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user"},
    {"control: lost at MAIL", CONTROL, "250|" VAGUE "|250|-", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user"},
    {"control: lost at RCPT", CONTROL, "250|" VAGUE "|250|250|-", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user <>:known"},
    {"control: garbage", CONTROL, "250|" VAGUE "|250|250|moin", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user <>:known"},
    {"control: 421 behind the answer", CONTROL | WHOLE, "250|" VAGUE "\n421 bye",
	"temporary rcpt - 550", CONTROL_FAILED, 0, "<>:user"},
    {"control: yes, and more", CONTROL | WHOLE, "250|" VAGUE "|250|250|250\n250",
	"temporary rcpt - 550", CONTROL_FAILED, 0, "<>:user <>:known"},
    {"control: yes, and goodbye", CONTROL | WHOLE, "250|" VAGUE "|250|250|250\n421 bye",
	"unknown rcpt - 550", CONTROL_ACCEPTED, 0, "<>:user <>:known"},
    {"control: a clear no needs none", CONTROL, "250|" NO, "unknown rcpt - 550", 0, 0,
	"<>:user Q"},
    {"control: nor a yes", CONTROL | DOUBT, "250|250", "exists rcpt - 250", 0, 0, "<>:user Q"},
    {"control: nor what is about us", CONTROL | DOUBT, "250|" REJECT, "policy rcpt - 550", 0, 0,
	"<>:user Q"},
    {"control: nor what will pass", CONTROL | DOUBT, "250|451 later", "temporary rcpt - 451", 0,
	0, "<>:user Q"},
    {"control: nor a refused sender", CONTROL | DOUBT, REJECT, "policy mail - 550", 0, 0, "Q"},
    {"control: it is the one that was asked", CONTROL | SAME, "250|" VAGUE, "policy rcpt - 550",
	CONTROL_REFUSED, 0, "<>:user Q"},

    {"doubt: no, control yes", CONTROL | DOUBT, "250|" NO "|250|250|250", "unknown rcpt - 550",
	CONTROL_ACCEPTED, 0, "<>:user <>:known Q"},
    {"doubt: disabled, control yes", CONTROL | DOUBT, "250|" OFF "|250|250|250",
	"refused rcpt - 550", CONTROL_ACCEPTED, 0, "<>:user <>:known Q"},
    {"doubt: no, control no", CONTROL | DOUBT, "250|" NO "|250|250|" NO, "policy rcpt - 550",
	CONTROL_REFUSED, 0, "<>:user <>:known Q"},
    {"doubt: no, control not now", CONTROL | DOUBT, "250|" NO "|250|250|450 later",
	"temporary rcpt - 550", CONTROL_FAILED, 0, "<>:user <>:known Q"},
    {"doubt: no, control lost", CONTROL | DOUBT, "250|" NO "|250|250|-", "temporary rcpt - 550",
	CONTROL_FAILED, 0, "<>:user <>:known"},
    {"doubt: no, and goodbye", CONTROL | DOUBT | WHOLE, "250|" NO "\n421 bye",
	"temporary rcpt - 550", CONTROL_FAILED, 0, "<>:user"},
    {"doubt: without a control", DOUBT, "250|" NO, "unknown rcpt - 550", 0, 0, "<>:user Q"},
    {"doubt: it is the one that was asked", CONTROL | DOUBT | SAME, "250|" NO,
	"policy rcpt - 550", CONTROL_REFUSED, 0, "<>:user Q"},
    {"no doubt: it is the one that was asked", CONTROL | SAME, "250|" NO, "unknown rcpt - 550",
	0, 0, "<>:user Q"},

    {"all: no, no, control yes", CONFIRM | CONTROL | DOUBT | NOBODY,
	"250|" NO "|250|250|" NO "|250|250|250", "unknown rcpt - 550", CONTROL_ACCEPTED, 0,
	"<>:user probe:user probe:known Q"},
    {"all: no, whom?, control yes", CONFIRM | CONTROL | NOBODY,
	"250|" NO "|250|250|" VAGUE "|250|250|250", "unknown rcpt - 550", CONTROL_ACCEPTED, 0,
	"<>:user probe:user probe:known Q"},
    {"all: no, no, control no", CONFIRM | CONTROL | DOUBT,
	"250|" NO "|250|250|" NO "|250|250|" NO, "policy rcpt - 550", CONTROL_REFUSED, 0,
	"<>:user probe:user probe:known Q"},
    {"all: no MAIL from <>, no, control yes", CONFIRM | CONTROL | DOUBT,
	REJECT "|250|250|" NO "|250|250|250", "unknown rcpt - 550", CONTROL_ACCEPTED, 0,
	"probe:user probe:known Q"},
    {"all: no, no MAIL: the control is not asked", CONFIRM | CONTROL | DOUBT,
	"250|" NO "|250|" REJECT, "policy rcpt unconfirmed 550", 0, 0, "<>:user Q"},
    {"all: no, yes: then nobody", CONFIRM | CONTROL | DOUBT | NOBODY,
	"250|" NO "|250|250|250|250|250|" NO, "exists rcpt null-sender-refused 250", 0,
	CATCH_ALL_NO, "<>:user probe:user probe:nobody Q"},

    {"nobody: yes", NOBODY, "250|250|250|250|250", "exists rcpt - 250", 0, CATCH_ALL_YES,
	"<>:user <>:nobody Q"},
    {"nobody: no", NOBODY, "250|250|250|250|" NO, "exists rcpt - 250", 0, CATCH_ALL_NO,
	"<>:user <>:nobody Q"},
    {"nobody: disabled", NOBODY, "250|250|250|250|" OFF, "exists rcpt - 250", 0, CATCH_ALL_NO,
	"<>:user <>:nobody Q"},
    {"nobody: not now", NOBODY, "250|250|250|250|450 later", "exists rcpt - 250", 0,
	CATCH_ALL_UNCLEAR, "<>:user <>:nobody Q"},
    {"nobody: over quota", NOBODY, "250|250|250|250|552 full", "exists rcpt - 250", 0,
	CATCH_ALL_UNCLEAR, "<>:user <>:nobody Q"},
    {"nobody: whom?", NOBODY, "250|250|250|250|" VAGUE, "exists rcpt - 250", 0,
	CATCH_ALL_UNCLEAR, "<>:user <>:nobody Q"},
    {"nobody: us", NOBODY, "250|250|250|250|" REJECT, "exists rcpt - 250", 0, CATCH_ALL_UNCLEAR,
	"<>:user <>:nobody Q"},
    {"nobody: no MAIL", NOBODY, "250|250|250|550 5.1.1 one is enough", "exists rcpt - 250", 0,
	CATCH_ALL_UNCLEAR, "<>:user Q"},
    {"nobody: no RSET", NOBODY, "250|250|550 5.1.1 no", "exists rcpt - 250", 0,
	CATCH_ALL_UNCLEAR, "<>:user Q"},
    {"nobody: lost at RSET", NOBODY, "250|250|-", "exists rcpt - 250", 0, CATCH_ALL_UNCLEAR,
	"<>:user"},
    {"nobody: lost at RCPT", NOBODY, "250|250|250|250|-", "exists rcpt - 250", 0,
	CATCH_ALL_UNCLEAR, "<>:user <>:nobody"},
    {"nobody: garbage", NOBODY, "250|250|250|250|moin", "exists rcpt - 250", 0,
	CATCH_ALL_UNCLEAR, "<>:user <>:nobody"},
    {"nobody: 421 behind the yes", NOBODY | WHOLE, "250|250\n421 bye", "exists rcpt - 250", 0,
	CATCH_ALL_UNCLEAR, "<>:user"},
    {"nobody: not behind a no", NOBODY, "250|" NO, "unknown rcpt - 550", 0, 0, "<>:user Q"},
    {"nobody: not behind a 4yz", NOBODY, "250|451 later", "temporary rcpt - 451", 0, 0,
	"<>:user Q"},

    {"SMTPUTF8: of the user alone", UTF8 | CONTROL | DOUBT | CONFIRM,
	"250|" NO "|250|250|" NO "|250|250|250", "unknown rcpt - 550", CONTROL_ACCEPTED, 0,
	"<>+:jö probe+:jö probe:known Q"},
    {"SMTPUTF8: not of nobody", UTF8 | NOBODY, "250|250|250|250|250", "exists rcpt - 250", 0,
	CATCH_ALL_YES, "<>+:jö <>:nobody Q"},
    {"SMTPUTF8: 5.6.7", UTF8 | CONTROL, "250|553 5.6.7 no", "refused rcpt - 553", 0, 0,
	"<>+:jö Q"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct smtp_terms terms = {
    .helo = "us.test", .own_ip = "192.0.2.9", .guard_loop = true};

/* How a conversation is held. */
struct manner {
	bool pipelining;
	enum { IN_ONE_PIECE, REPLY_BY_REPLY, BYTE_BY_BYTE } pieces;
	size_t lost_after;    /* the connection is lost behind this many bytes; 0: it is not */
	size_t change;        /* this reply, counted from 1, ... */
	const char *instead;  /* ... is this, and then the server hangs up */
	const char *followed; /* ... or this comes behind it, in one piece */
};

/* One conversation, and the server in it. */
static struct {
	const struct row *row;
	const struct manner *manner;
	struct inquiry_question question;
	struct dialogue dialogue;
	const char *replies; /* of the row, those to come */
	size_t count;        /* that were said */
	char out[4000];      /* what the server says, and has not been heard yet */
	char sender[16];
	bool mail_good, hung_up, odd;
	char asked[200];
	size_t heard;
} talk;

/* Says a reply of the server. */
static void
say(const char *reply, size_t len)
{
	const struct manner *manner = talk.manner;

	if (talk.hung_up)
		return;
	talk.count++;
	if (talk.count == manner->change && manner->instead != NULL) {
		strcat(strcat(talk.out, manner->instead), "\r\n");
		talk.hung_up = true;
		return;
	}
	if (len == 1 && reply[0] == '-') {
		talk.hung_up = true;
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (reply[i] == '\n')
			strcat(talk.out, "\r");
		strncat(talk.out, reply + i, 1);
	}
	strcat(talk.out, "\r\n");
	if (talk.count == manner->change && manner->followed != NULL)
		strcat(strcat(talk.out, manner->followed), "\r\n");
}

/* The next reply of the row. Returns whether it accepts. */
static bool
say_next(void)
{
	const char *reply = talk.replies;
	size_t len = strcspn(reply, "|");

	if (len == 0 && talk.manner->pipelining) { /* said behind a refused RSET */
		say("503 5.5.1 what?", 15);
		return false;
	}
	talk.odd |= len == 0; /* the table has no more */
	talk.replies += len + (reply[len] == '|');
	say(reply, len);
	return reply[0] == '2';
}

/* The name of a mailbox in the table is its local part. */
static void
note_asked(const char *mailbox)
{
	size_t len = strlen(talk.asked);

	snprintf(talk.asked + len, sizeof(talk.asked) - len, "%s%s:%.*s", len == 0 ? "" : " ",
	    talk.sender, (int)strcspn(mailbox, "@"), mailbox);
}

static void
hear(const char *line)
{
	if (strcmp(line, "EHLO us.test") == 0) {
		const char *reply = talk.manner->pipelining
		    ? "250-mx.test\n250-PIPELINING\n250 SMTPUTF8"
		    : "250-mx.test\n250 SMTPUTF8";

		say(reply, strlen(reply));
	} else if (strcmp(line, "RSET") == 0) {
		say_next();
	} else if (strncmp(line, "MAIL FROM:<", 11) == 0) {
		snprintf(talk.sender, sizeof(talk.sender), "%.*s%s",
		    line[11] == '>' ? 2 : (int)strcspn(line + 11, "@"),
		    line[11] == '>' ? "<>" : line + 11,
		    strstr(line, "> SMTPUTF8") != NULL ? "+" : "");
		talk.mail_good = say_next();
	} else if (strncmp(line, "RCPT TO:<", 9) == 0) {
		if (!talk.mail_good) {
			say("503 5.5.1 MAIL first", 20);
			return;
		}
		note_asked(line + 9);
		say_next();
	} else if (strcmp(line, "QUIT") == 0) {
		strcat(talk.asked, talk.asked[0] == '\0' ? "Q" : " Q");
		talk.hung_up = true;
	} else {
		talk.odd = true;
	}
}

/*
 * Takes what the client says: whole lines, more than one at a time only where that is offered.
 */
static void
take_output(void)
{
	struct smtp *smtp = &talk.dialogue.smtp;
	char *line = smtp->out, *end;
	int lines = 0;

	smtp->out[smtp->out_len] = '\0';
	for (; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
		*end = '\0';
		lines++;
		hear(line);
	}
	talk.odd |= *line != '\0' || (lines > 1 && !talk.manner->pipelining);
	smtp->out_len = 0;
}

/* Hands over what the server has said, in one piece or in many. */
static void
hand_over(void)
{
	char text[sizeof(talk.out)];

	strcpy(text, talk.out);
	talk.out[0] = '\0';
	for (const char *p = text; *p != '\0' && !talk.dialogue.inquiry.done;) {
		const char *end = strstr(p, "\r\n");
		size_t len = strlen(p), lost_after = talk.manner->lost_after;

		/* A reply ends with a line that is not continued. */
		while (end != NULL && end[2] != '\0' && p[3] == '-')
			end = strstr(end + 2, "\r\n");
		if (talk.manner->pieces == BYTE_BY_BYTE)
			len = 1;
		else if (talk.manner->pieces == REPLY_BY_REPLY && end != NULL)
			len = (size_t)(end + 2 - p);
		if (lost_after > 0 && talk.heard + len >= lost_after) {
			len = lost_after - talk.heard;
			talk.hung_up = true;
		}
		talk.heard += len;
		dialogue_input(&talk.dialogue, p, len);
		p += len;
		take_output();
		if (lost_after > 0 && talk.heard == lost_after) {
			talk.out[0] = '\0';
			return;
		}
	}
}

static void
hold(const struct row *row, const struct manner *manner)
{
	/* What the machine does not set itself must not matter. */
	memset(&talk, 0x5a, sizeof(talk));
	talk.question = (struct inquiry_question){
	    .path = row->with & UTF8 ? "j\xc3\xb6@example.com" : USER,
	    .needs_utf8 = row->with & UTF8,
	    .confirm_sender = row->with & CONFIRM ? PROBE : "",
	    .control = row->with & SAME ? USER
		: row->with & CONTROL   ? KNOWN
					: "",
	    .doubt = row->with & DOUBT,
	    .nobody = row->with & NOBODY ? NOONE : "",
	};

	talk.row = row;
	talk.manner = manner;
	talk.replies = row->server;
	talk.count = talk.heard = 0;
	talk.mail_good = talk.hung_up = talk.odd = false;
	talk.out[0] = talk.asked[0] = '\0';
	dialogue_prepare(&talk.dialogue, &talk.question);
	dialogue_start(&talk.dialogue, &terms);
	say("220 mx.test", 11);
	while (!talk.dialogue.inquiry.done && talk.out[0] != '\0')
		hand_over();
	if (!talk.dialogue.inquiry.done) {
		talk.odd |= !talk.hung_up;
		dialogue_lost(&talk.dialogue, "lost");
		talk.odd |= !talk.dialogue.inquiry.done || talk.dialogue.smtp.out_len != 0;
	}
}

static void
describe(char *text, size_t size)
{
	const struct smtp_answer *answer = &talk.dialogue.inquiry.answer;

	snprintf(text, size, "%s %s %s %d", finding_name(answer->finding),
	    smtp_stage_name(answer->stage), answer->note == NULL ? "-" : answer->note,
	    answer->code);
}

static bool
comes_out(const struct row *row)
{
	char got[200];

	describe(got, sizeof(got));
	if (strcmp(got, row->answer) == 0 && talk.dialogue.inquiry.control == row->control &&
	    talk.dialogue.inquiry.catch_all == row->catch_all &&
	    strcmp(talk.asked, row->asked) == 0 && !talk.odd)
		return true;
	printf("#   got  %s, control %d, catch-all %d, '%s'%s\n", got,
	    (int)talk.dialogue.inquiry.control, (int)talk.dialogue.inquiry.catch_all,
	    talk.asked, talk.odd ? ", odd" : "");
	printf("#   want %s, control %d, catch-all %d, '%s'\n", row->answer, (int)row->control,
	    (int)row->catch_all, row->asked);
	return false;
}

static void
test_rows(void)
{
	static const char *const pieces[] = {"in one piece", "reply by reply", "byte by byte"};

	for (size_t i = 0; i < ROWS; i++)
		for (unsigned n = 0; n < 6; n++) {
			struct manner manner = {.pipelining = n % 2, .pieces = n / 2};

			if (rows[i].with & WHOLE && manner.pieces != IN_ONE_PIECE)
				continue;
			hold(&rows[i], &manner);
			ok(comes_out(&rows[i]), "%s%s, %s", rows[i].name,
			    manner.pipelining ? ", pipelined" : "", pieces[manner.pieces]);
		}
}

/* What must not come out of a conversation in which something went wrong. */
static bool
is_harmless(const struct row *row, const char *what, size_t where)
{
	char got[200];

	if (!finding_is_no(talk.dialogue.inquiry.answer.finding) &&
	    talk.dialogue.inquiry.done && !talk.odd)
		return true;
	describe(got, sizeof(got));
	printf("#   %s: %s %zu: %s%s\n", row->name, what, where, got, talk.odd ? ", odd" : "");
	return false;
}

/* The connection is lost behind each byte. */
static void
test_lost(void)
{
	long bad = 0, held = 0;

	for (size_t i = 0; i < ROWS; i++)
		for (unsigned n = 0; n < 6; n++) {
			struct manner manner = {.pipelining = n % 2, .pieces = n / 2};
			size_t all;

			hold(&rows[i], &manner);
			all = talk.heard;
			if (rows[i].with & WHOLE)
				continue; /* all it needs may be there before the end */
			for (manner.lost_after = 1; manner.lost_after < all;
			     manner.lost_after++, held++) {
				hold(&rows[i], &manner);
				bad += !is_harmless(&rows[i], "lost behind byte", talk.heard);
			}
		}
	ok(bad == 0, "lost anywhere, no conversation ends with a no (%ld)", held);
}

/* The server says something else at each point, and hangs up. */
static void
test_instead(const char *reply)
{
	long bad = 0, held = 0;

	for (size_t i = 0; i < ROWS; i++)
		for (unsigned n = 0; n < 6; n++) {
			struct manner manner = {
			    .pipelining = n % 2, .pieces = n / 2, .instead = reply};
			size_t all;

			if (rows[i].with & WHOLE && manner.pieces != IN_ONE_PIECE)
				continue;
			hold(&rows[i], &manner);
			all = talk.count;
			for (manner.change = 1; manner.change <= all; manner.change++, held++) {
				hold(&rows[i], &manner);
				bad += !is_harmless(&rows[i], reply, manner.change);
			}
		}
	ok(bad == 0, "'%.20s' instead of any reply leads to no no (%ld)", reply, held);
}

/* The server says one thing more, in the same breath, at each point. */
static void
test_followed(const char *reply)
{
	long bad = 0, held = 0;

	for (size_t i = 0; i < ROWS; i++)
		for (unsigned pipelining = 0; pipelining < 2; pipelining++) {
			struct manner manner = {.pipelining = pipelining, .followed = reply};
			size_t all;

			/*
			 * Of what comes behind a goodbye nobody knows, and one more may just be
			 * one that was missing.
			 */
			if (rows[i].with & WHOLE || strstr(rows[i].server, "|-") != NULL)
				continue;
			hold(&rows[i], &manner);
			all = talk.count;
			for (manner.change = 1; manner.change <= all; manner.change++, held++) {
				hold(&rows[i], &manner);
				bad += !is_harmless(&rows[i], reply, manner.change);
			}
		}
	ok(bad == 0, "'%.20s' behind any reply leads to no no (%ld)", reply, held);
}

/* Before MAIL there is nothing to ask again. */
static void
test_before(void)
{
	static const struct {
		const char *name, *greeting, *ehlo, *answer;
		bool needs_utf8;
	} before[] = {
	    {"a greeting that refuses", "554 no\r\n", NULL, "policy greeting - 554", false},
	    {"one that defers", "421 busy\r\n", NULL, "temporary greeting - 421", false},
	    {"EHLO refused", "220 mx\r\n", "554 no\r\n", "policy ehlo - 554", false},
	    {"EHLO deferred", "220 mx\r\n", "450 no\r\n", "temporary ehlo - 450", false},
	    {"ourselves", "220 us.test\r\n", NULL, "policy greeting loop 220", false},
	    {"no SMTPUTF8", "220 mx\r\n", "250 mx\r\n", "policy ehlo no-smtputf8 250", true},
	};
	const struct smtp_terms nameless = {.helo = "us.test", .guard_loop = true};
	struct inquiry_question question = {USER, false, PROBE, KNOWN, true, NOONE};

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct dialogue *dialogue = &talk.dialogue;
		struct inquiry *inquiry = &dialogue->inquiry;
		char got[200];

		question.needs_utf8 = before[i].needs_utf8;
		dialogue_prepare(dialogue, &question);
		dialogue_start(dialogue, &nameless);
		dialogue_input(dialogue, before[i].greeting, strlen(before[i].greeting));
		if (before[i].ehlo != NULL) {
			dialogue->smtp.out_len = 0;
			dialogue_input(dialogue, before[i].ehlo, strlen(before[i].ehlo));
		}
		describe(got, sizeof(got));
		is_str(got, before[i].answer, before[i].name);
		ok(inquiry->done && inquiry->control == CONTROL_NOT_ASKED &&
			inquiry->catch_all == CATCH_ALL_NOT_ASKED &&
			inquiry->answer.lacks_utf8 == before[i].needs_utf8 &&
			dialogue->smtp.out_len == 6 &&
			memcmp(dialogue->smtp.out, "QUIT\r\n", 6) == 0,
		    "%s: nothing else is asked", before[i].name);
	}
}

/* Without a connection. */
static void
test_unconnected(void)
{
	struct inquiry_question question = {USER, true, PROBE, KNOWN, true, NOONE};
	struct dialogue *dialogue = &talk.dialogue;
	char got[200];

	memset(&talk, 0x5a, sizeof(talk));
	dialogue_prepare(dialogue, &question);
	ok(!dialogue->inquiry.done && dialogue->smtp.stage == SMTP_CONNECT &&
		dialogue->smtp.out_len == 0,
	    "a dialogue without a connection waits for one");
	dialogue_lost(dialogue, "timeout");
	describe(got, sizeof(got));
	is_str(got, "temporary connect timeout 0", "it can be lost");
	ok(dialogue->inquiry.done && dialogue->smtp.out_len == 0 &&
		!dialogue->inquiry.answer.lacks_utf8 &&
		dialogue->inquiry.control == CONTROL_NOT_ASKED &&
		dialogue->inquiry.catch_all == CATCH_ALL_NOT_ASKED,
	    "and then it is over");
	dialogue_lost(dialogue, "again");
	is_str(dialogue->inquiry.answer.note, "timeout", "for good");
}

/* The caller can come too late. */
static void
test_late(void)
{
	static struct inquiry before;
	struct manner manner = {.pieces = IN_ONE_PIECE};
	int bad = 0;

	for (size_t i = 0; i < ROWS; i++) {
		hold(&rows[i], &manner);
		before = talk.dialogue.inquiry;
		dialogue_lost(&talk.dialogue, "late");
		dialogue_input(&talk.dialogue, "550 5.1.1 no\r\n", 14);
		bad += !comes_out(&rows[i]) || talk.dialogue.smtp.out_len != 0 ||
		    memcmp(&before.answer, &talk.dialogue.inquiry.answer,
			sizeof(before.answer)) != 0;
	}
	is_int(bad, 0, "what comes behind the end changes nothing");
}

int
main(void)
{
	test_rows();
	test_lost();
	test_instead("421 4.3.2 bye");
	test_instead("450 4.1.1 later");
	test_instead("moin");
	test_instead("354 go on");
	test_followed("250 ok");
	test_followed("550 5.1.1 no such user");
	test_followed("moin");
	test_before();
	test_unconnected();
	test_late();
	return tap_done();
}
