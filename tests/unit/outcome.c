/*
 * What came of asking: nothing yet, what the cache has, and what proves nothing.
 */
#include "rcpt/outcome.h"

#include "tap.h"

static void
test_clear(void)
{
	struct outcome outcome;

	memset(&outcome, 0x5a, sizeof(outcome));
	outcome_clear(&outcome);
	ok(outcome.answer.finding == FINDING_TEMPORARY && outcome.answer.code == 0 &&
		outcome.answer.stage == SMTP_CONNECT && !outcome.answer.lacks_utf8,
	    "nothing is known yet");
	is_str(outcome.answer.note, "no-server", "for nobody was asked");
	ok(outcome.host[0] == '\0' && outcome.answer.enhanced[0] == '\0' &&
		outcome.answer.text[0] == '\0',
	    "nobody said anything");
	ok(outcome.control == CONTROL_NOT_ASKED && outcome.catch_all == CATCH_ALL_NOT_ASKED &&
		!outcome.answered && !outcome.remembered && !outcome.busy && !outcome.broken &&
		outcome.catch_all_since == 0,
	    "about anything");
	is_int(outcome.age, -1, "and it is not from the cache");
	ok(!outcome_is_unproven(&outcome), "that is no 'no'");
}

static void
test_recall(void)
{
	struct cache_entry entry = {
	    .finding = FINDING_UNKNOWN,
	    .code = 550,
	    .enhanced = "5.123.123",
	    .probed = 1700000000,
	    .expires = 1700086400,
	};
	struct outcome outcome;

	memset(entry.host, 'h', sizeof(entry.host) - 1);
	memset(entry.text, 't', sizeof(entry.text) - 1);
	outcome_clear(&outcome);
	outcome.broken = true;
	outcome.answered = true;
	outcome_recall(&outcome, &entry, 1700000042);
	ok(outcome.answer.finding == FINDING_UNKNOWN && outcome.answer.code == 550 &&
		outcome.answer.stage == SMTP_RCPT && outcome.answer.note == NULL,
	    "what the cache has is an answer of RCPT");
	is_str(outcome.answer.enhanced, "5.123.123", "with its status code");
	is_str(outcome.answer.text, entry.text, "the longest text");
	is_str(outcome.host, entry.host, "and the longest name of its server");
	is_int(outcome.age, 42, "it is as old as its question");
	ok(outcome.broken && outcome.answered, "what else was heard stays");

	entry = (struct cache_entry){.finding = FINDING_EXISTS, .code = 250, .probed = 100};
	outcome_recall(&outcome, &entry, 100);
	ok(outcome.answer.finding == FINDING_EXISTS && outcome.answer.code == 250 &&
		outcome.answer.enhanced[0] == '\0' && outcome.answer.text[0] == '\0' &&
		outcome.host[0] == '\0' && outcome.age == 0,
	    "another takes its place, with nothing left of the first");

	outcome_clear(&outcome);
	outcome.answer.lacks_utf8 = true;
	outcome_recall(&outcome, &entry, 100);
	ok(!outcome.answer.lacks_utf8, "nor of what the servers lack");
}

static void
test_unproven(void)
{
	static const struct {
		const char *name;
		bool broken;
		enum finding finding;
		enum smtp_stage stage;
		enum inquiry_control control;
		bool unproven;
	} rows[] = {
	    {"a no", true, FINDING_UNKNOWN, SMTP_RCPT, CONTROL_NOT_ASKED, true},
	    {"a no for now", true, FINDING_REFUSED, SMTP_RCPT, CONTROL_NOT_ASKED, true},
	    {"a no with a control", true, FINDING_UNKNOWN, SMTP_RCPT, CONTROL_ACCEPTED, false},
	    {"one for now as well", true, FINDING_REFUSED, SMTP_RCPT, CONTROL_ACCEPTED, false},
	    {"a control that failed", true, FINDING_UNKNOWN, SMTP_RCPT, CONTROL_FAILED, true},
	    {"one that was refused", true, FINDING_UNKNOWN, SMTP_RCPT, CONTROL_REFUSED, true},
	    {"a domain that is sound", false, FINDING_UNKNOWN, SMTP_RCPT, CONTROL_NOT_ASKED,
		false},
	    {"a yes", true, FINDING_EXISTS, SMTP_RCPT, CONTROL_NOT_ASKED, false},
	    {"not now", true, FINDING_TEMPORARY, SMTP_RCPT, CONTROL_NOT_ASKED, false},
	    {"us", true, FINDING_POLICY, SMTP_RCPT, CONTROL_NOT_ASKED, false},
	    {"whom?", true, FINDING_AMBIGUOUS, SMTP_RCPT, CONTROL_NOT_ASKED, false},
	    {"no SMTPUTF8 anywhere", true, FINDING_REFUSED, SMTP_EHLO, CONTROL_NOT_ASKED,
		false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome outcome;

		outcome_clear(&outcome);
		outcome.broken = rows[i].broken;
		outcome.answer.finding = rows[i].finding;
		outcome.answer.stage = rows[i].stage;
		outcome.control = rows[i].control;
		ok(outcome_is_unproven(&outcome) == rows[i].unproven, "%s is %s", rows[i].name,
		    rows[i].unproven ? "unproven" : "none that needs a proof");
	}
}

int
main(void)
{
	test_clear();
	test_recall();
	test_unproven();
	return tap_done();
}
