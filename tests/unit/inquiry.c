/*
 * The inquiry by itself: what it wants to be asked next, and what comes of the answers. What
 * servers make of it is in dialogue.c.
 */
#include "rcpt/inquiry.h"

#include <stdlib.h>

#include "tap.h"

#define USER  "user@example.com"
#define KNOWN "known@example.com"
#define ROLED "Postmaster@example.com"
#define NOONE "nobody@example.com"
#define PROBE "probe@example.net"

enum { CONFIRM = 1, CONTROL = 2, DOUBT = 4, NOBODY = 8, SAME = 16, ROLE = 32 };

/*
 * Answers are a letter each: y exists, n unknown, d refused, t temporary, p policy, a ambiguous,
 * q ambiguous with a text that may be about policy, all at RCPT; m policy and w temporary at MAIL, r temporary at RSET; l temporary without a
 * reply. "." behind one: no more can be asked.
 *
 * asked: a letter for each question: u the user, k the control, x nobody; in capitals from
 * the other sender.
 */
static const struct row {
	unsigned with;
	const char *answers, *asked;
	enum finding finding;
	int code; /* tells which answer it is: 600 and its number */
	const char *note;
	enum inquiry_control control;
	enum inquiry_catch_all catch_all;
} rows[] = {
    {0, "y", "u", FINDING_EXISTS, 600, "-", 0, 0},
    {0, "n", "u", FINDING_UNKNOWN, 600, "-", 0, 0},
    {0, "d.", "u", FINDING_REFUSED, 600, "-", 0, 0},
    {0, "a.", "u", FINDING_AMBIGUOUS, 600, "-", 0, 0},
    {0, "m", "u", FINDING_POLICY, 600, "-", 0, 0},
    {0, "l.", "u", FINDING_TEMPORARY, 0, "lost", 0, 0},

    {CONFIRM, "nn", "uU", FINDING_UNKNOWN, 601, "-", 0, 0},
    {CONFIRM, "nn.", "uU", FINDING_UNKNOWN, 601, "-", 0, 0},
    {CONFIRM, "n.", "u", FINDING_TEMPORARY, 600, "unconfirmed", 0, 0},
    {CONFIRM, "d.", "u", FINDING_TEMPORARY, 600, "unconfirmed", 0, 0},
    {CONFIRM, "a.", "u", FINDING_TEMPORARY, 600, "unconfirmed", 0, 0},
    {CONFIRM, "p.", "u", FINDING_POLICY, 600, "-", 0, 0},
    {CONFIRM, "m.", "u", FINDING_POLICY, 600, "-", 0, 0},
    {CONFIRM, "t", "u", FINDING_TEMPORARY, 600, "-", 0, 0},
    {CONFIRM, "my.", "uU", FINDING_EXISTS, 601, "null-sender-refused", 0, 0},
    {CONFIRM, "nm", "uU", FINDING_POLICY, 600, "unconfirmed", 0, 0},
    {CONFIRM, "nw", "uU", FINDING_TEMPORARY, 600, "unconfirmed", 0, 0},
    {CONFIRM, "nr.", "uU", FINDING_TEMPORARY, 600, "unconfirmed", 0, 0},
    {CONFIRM, "nl.", "uU", FINDING_TEMPORARY, 600, "unconfirmed", 0, 0},
    {CONFIRM, "nt", "uU", FINDING_TEMPORARY, 601, "-", 0, 0},

    {CONTROL, "ay", "uk", FINDING_UNKNOWN, 600, "-", CONTROL_ACCEPTED, 0},
    {CONTROL, "ay.", "uk", FINDING_UNKNOWN, 600, "-", CONTROL_ACCEPTED, 0},
    {CONTROL, "an", "uk", FINDING_POLICY, 600, "-", CONTROL_REFUSED, 0},
    {CONTROL, "ap", "uk", FINDING_POLICY, 600, "-", CONTROL_REFUSED, 0},
    {CONTROL, "aa", "uk", FINDING_POLICY, 600, "-", CONTROL_REFUSED, 0},
    {CONTROL, "at", "uk", FINDING_TEMPORARY, 600, "-", CONTROL_FAILED, 0},
    {CONTROL, "am", "uk", FINDING_TEMPORARY, 600, "-", CONTROL_FAILED, 0},
    {CONTROL, "al.", "uk", FINDING_TEMPORARY, 600, "-", CONTROL_FAILED, 0},
    {CONTROL, "a.", "u", FINDING_TEMPORARY, 600, "-", CONTROL_FAILED, 0},
    {CONTROL, "n", "u", FINDING_UNKNOWN, 600, "-", 0, 0},
    {CONTROL | DOUBT, "ny", "uk", FINDING_UNKNOWN, 600, "-", CONTROL_ACCEPTED, 0},
    {CONTROL | DOUBT, "dy", "uk", FINDING_REFUSED, 600, "-", CONTROL_ACCEPTED, 0},
    {CONTROL | DOUBT, "nd", "uk", FINDING_POLICY, 600, "-", CONTROL_REFUSED, 0},
    {CONTROL | DOUBT, "n.", "u", FINDING_TEMPORARY, 600, "-", CONTROL_FAILED, 0},
    {CONTROL | SAME, "a.", "u", FINDING_POLICY, 600, "-", CONTROL_REFUSED, 0},
    {CONTROL | SAME | DOUBT, "n", "u", FINDING_POLICY, 600, "-", CONTROL_REFUSED, 0},
    {CONFIRM | CONTROL | DOUBT, "nny", "uUK", FINDING_UNKNOWN, 601, "-", CONTROL_ACCEPTED, 0},
    {CONFIRM | CONTROL | DOUBT, "nn.", "uU", FINDING_TEMPORARY, 601, "-", CONTROL_FAILED, 0},
    {CONTROL, "qy", "uk", FINDING_UNKNOWN, 600, "-", CONTROL_ACCEPTED, 0},
    {ROLE, "ay", "uk", FINDING_UNKNOWN, 600, "-", CONTROL_ACCEPTED, 0},
    {ROLE, "qy", "uk", FINDING_POLICY, 600, "-", CONTROL_ACCEPTED, 0},
    {ROLE, "qn", "uk", FINDING_POLICY, 600, "-", CONTROL_REFUSED, 0},
    {ROLE, "ql.", "uk", FINDING_TEMPORARY, 600, "-", CONTROL_FAILED, 0},
    {ROLE | DOUBT, "ny", "uk", FINDING_UNKNOWN, 600, "-", CONTROL_ACCEPTED, 0},
    {CONFIRM | ROLE, "nqy", "uUK", FINDING_POLICY, 601, "-", CONTROL_ACCEPTED, 0},
    {CONFIRM | CONTROL, "may", "uUK", FINDING_UNKNOWN, 601, "-", CONTROL_ACCEPTED, 0},

    {NOBODY, "yy", "ux", FINDING_EXISTS, 600, "-", 0, CATCH_ALL_YES},
    {NOBODY, "yn", "ux", FINDING_EXISTS, 600, "-", 0, CATCH_ALL_NO},
    {NOBODY, "yd.", "ux", FINDING_EXISTS, 600, "-", 0, CATCH_ALL_NO},
    {NOBODY, "ya", "ux", FINDING_EXISTS, 600, "-", 0, CATCH_ALL_UNCLEAR},
    {NOBODY, "yl.", "ux", FINDING_EXISTS, 600, "-", 0, CATCH_ALL_UNCLEAR},
    {NOBODY, "y.", "u", FINDING_EXISTS, 600, "-", 0, CATCH_ALL_UNCLEAR},
    {NOBODY | CONFIRM, "nyn", "uUX", FINDING_EXISTS, 601, "null-sender-refused", 0,
	CATCH_ALL_NO},
    {NOBODY | CONTROL, "ay", "uk", FINDING_UNKNOWN, 600, "-", CONTROL_ACCEPTED, 0},
};

static void
answer(struct smtp_answer *answer, char letter, int number)
{
	static const struct {
		char letter;
		enum finding finding;
		enum smtp_stage stage;
	} kinds[] = {
	    {'y', FINDING_EXISTS, SMTP_RCPT},
	    {'n', FINDING_UNKNOWN, SMTP_RCPT},
	    {'d', FINDING_REFUSED, SMTP_RCPT},
	    {'t', FINDING_TEMPORARY, SMTP_RCPT},
	    {'p', FINDING_POLICY, SMTP_RCPT},
	    {'a', FINDING_AMBIGUOUS, SMTP_RCPT},
	    {'q', FINDING_AMBIGUOUS, SMTP_RCPT},
	    {'m', FINDING_POLICY, SMTP_MAIL},
	    {'w', FINDING_TEMPORARY, SMTP_MAIL},
	    {'r', FINDING_TEMPORARY, SMTP_RSET},
	    {'l', FINDING_TEMPORARY, SMTP_RCPT},
	};

	memset(answer, 0, sizeof(*answer));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].letter != letter)
			continue;
		answer->finding = kinds[i].finding;
		answer->stage = kinds[i].stage;
		answer->may_be_policy = letter == 'q';
		answer->code = letter == 'l' ? 0 : 600 + number;
		answer->note = letter == 'l' ? "lost" : NULL;
	}
}

static char
asked(const struct smtp_ask *ask)
{
	char letter = strcmp(ask->path, USER) == 0 ? 'u'
	    : strcmp(ask->path, KNOWN) == 0        ? 'k'
	    : strcmp(ask->path, ROLED) == 0        ? 'k'
	    : strcmp(ask->path, NOONE) == 0        ? 'x'
						   : '?';

	/* Only the user may need SMTPUTF8. */
	if (ask->needs_utf8 != (letter == 'u'))
		return '!';
	if (strcmp(ask->sender, PROBE) == 0)
		return (char)(letter - 'a' + 'A');
	return ask->sender[0] == '\0' ? letter : '?';
}

static void
test_row(const struct row *row)
{
	struct inquiry_question question = {
	    .path = USER,
	    .needs_utf8 = true,
	    .confirm_sender = row->with & CONFIRM ? PROBE : "",
	    .control = row->with & SAME ? USER
		: row->with & CONTROL   ? KNOWN
		: row->with & ROLE      ? ROLED
					: "",
	    .doubt = row->with & DOUBT,
	    .nobody = row->with & NOBODY ? NOONE : "",
	};
	struct inquiry inquiry;
	char letters[10] = "";
	size_t len = 0;

	/* What it does not set itself must not matter. */
	memset(&inquiry, 0x5a, sizeof(inquiry));
	inquiry_start(&inquiry, &question);
	for (const char *p = row->answers; *p != '\0' && *p != '.' && !inquiry.done; p++) {
		letters[len++] = asked(&inquiry.ask);
		letters[len] = '\0';
		answer(&inquiry.ask.answer, *p, (int)(p - row->answers));
		inquiry_take(&inquiry, p[1] != '.');
	}
	if (!ok(inquiry.done && strcmp(letters, row->asked) == 0 &&
		    inquiry.answer.finding == row->finding &&
		    inquiry.answer.code == row->code &&
		    strcmp(inquiry.answer.note == NULL ? "-" : inquiry.answer.note,
			row->note) == 0 &&
		    inquiry.control == row->control && inquiry.catch_all == row->catch_all,
		"%u: %s", row->with, row->answers))
		printf("#   got %s, asked '%s': %s %d, control %d, catch-all %d\n",
		    inquiry.done ? "done" : "more", letters,
		    finding_name(inquiry.answer.finding), inquiry.answer.code,
		    (int)inquiry.control, (int)inquiry.catch_all);
}

/* All sequences of answers: each inquiry ends, and a "no" has all the proof it needs. */
static void
test_all(void)
{
	static const char letters[] = "yndtpaqmwrl";
	long bad = 0, held = 0;

	for (unsigned with = 0; with < 64; with++)
		for (unsigned n = 0; n < 11 * 11 * 11 * 11 && !(with & SAME); n++)
			for (unsigned closed = 0; closed < 4; closed++, held++) {
				struct inquiry_question question = {USER, false,
				    with & CONFIRM ? PROBE : "",
				    with & CONTROL    ? KNOWN
					: with & ROLE ? ROLED
						      : "",
				    with & DOUBT, with & NOBODY ? NOONE : ""};
				struct smtp_answer last;
				struct inquiry inquiry;
				unsigned rest = n, step = 0;
				char control = '-', said = '-';

				inquiry_start(&inquiry, &question);
				for (; step < 4 && !inquiry.done; step++, rest /= 11) {
					char letter = letters[rest % 11], what;

					answer(&last, letter, (int)step);
					inquiry.ask.answer = last;
					what = (char)(asked(&inquiry.ask) == '!'
						? 'u'
						: asked(&inquiry.ask) | 0x20);
					if (what == 'k')
						control = letter;
					if (what == 'u')
						said = letter;
					inquiry_take(&inquiry, step < closed);
				}
				bad += !inquiry.done;
				if (!finding_is_no(inquiry.answer.finding))
					continue;
				bad += said != 'n' && said != 'd' &&
				    !(said == 'a' && control == 'y') &&
				    !(said == 'q' && control == 'y' && with & CONTROL);
				bad +=
				    with & (CONTROL | ROLE) && with & DOUBT && control != 'y';
				bad += inquiry.answer.note != NULL;
			}
	ok(bad == 0, "of all sequences of answers each ends, and none in a wrong no (%ld)",
	    held);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&rows[i]);
	test_all();
	return tap_done();
}
