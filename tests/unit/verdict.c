/*
 * Verdicts and findings: what was never decided is a temporary failure, and only a statement
 * about the address is remembered.
 */
#include "rcpt/finding.h"
#include "rcpt/verdict.h"
#include "tap.h"

static void
test_verdicts(void)
{
	static const struct {
		enum verdict verdict;
		int code;
		const char *name, *reply;
	} cases[] = {
	    {VERDICT_TEMPFAIL, 111, "tempfail", "451 4.4.3 "},
	    {VERDICT_ACCEPT, 0, "accept", "250 2.1.5 "},
	    {VERDICT_REJECT, 100, "reject", "550 5.1.1 "},
	    {(enum verdict)0, 111, "tempfail", "451 4.4.3 "},
	    {(enum verdict)7, 111, "tempfail", "451 4.4.3 "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *reply = verdict_reply(cases[i].verdict);

		ok(verdict_exit_code(cases[i].verdict) == cases[i].code &&
			strcmp(verdict_name(cases[i].verdict), cases[i].name) == 0,
		    "verdict %d is %s, exit %d", (int)cases[i].verdict, cases[i].name,
		    cases[i].code);
		ok(strncmp(reply, cases[i].reply, strlen(cases[i].reply)) == 0 &&
			strpbrk(reply, "\r\n") == NULL && strlen(reply) < 500,
		    "and says %sand so on", cases[i].reply);
	}
}

static void
test_findings(void)
{
	enum finding finding, back;
	bool good = true;

	for (finding = FINDING_TEMPORARY; finding <= FINDING_AMBIGUOUS; finding++)
		good = good && finding_parse(&back, finding_name(finding)) && back == finding &&
		    finding_is_verdict(finding) ==
			(finding == FINDING_EXISTS || finding == FINDING_UNKNOWN ||
			    finding == FINDING_REFUSED);
	ok(good, "every finding has its name, and three are verdicts");
	is_int(FINDING_TEMPORARY, 0, "zero says nothing");
	back = FINDING_POLICY;
	ok(!finding_parse(&back, "Unknown") && !finding_parse(&back, "") &&
		!finding_parse(&back, "unknown ") && back == FINDING_POLICY,
	    "other names are none, and set nothing");
}

int
main(void)
{
	test_verdicts();
	test_findings();
	return tap_done();
}
