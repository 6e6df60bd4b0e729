/*
 * The exit code of each form for each verdict, and where a reject must not be told.
 */
#include "rcpt/hook.h"
#include "tap.h"

static void
test_codes(void)
{
	static const struct {
		enum hook_form form;
		int tempfail, accept, reject;
		const char *name;
	} cases[] = {
	    {HOOK_EXIT, 111, 0, 100, "RCPTCHECK"},
	    {HOOK_PRINT, 111, 0, 100, "-s"},
	    {HOOK_BATCH, 111, 0, 100, "-b"},
	    {HOOK_FD3, 111, 0, 1, "-3"},
	    {HOOK_SPAMDYKE, 0, 1, 2, "-y"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum hook_form form = cases[i].form;

		ok(hook_exit_code(form, VERDICT_TEMPFAIL) == cases[i].tempfail &&
			hook_exit_code(form, VERDICT_ACCEPT) == cases[i].accept &&
			hook_exit_code(form, VERDICT_REJECT) == cases[i].reject,
		    "%s: %d, %d, %d", cases[i].name, cases[i].tempfail, cases[i].accept,
		    cases[i].reject);
		ok(hook_exit_code(form, (enum verdict)7) == cases[i].tempfail,
		    "%s: what is no verdict is the safe code", cases[i].name);
	}
}

static const char *
doubt(enum hook_form form, const char *address)
{
	const char *word = hook_doubt(form, address, strlen(address));

	return word != NULL ? word : "none";
}

static void
test_doubt(void)
{
	static const struct {
		const char *address, *fd3, *spamdyke;
	} cases[] = {
	    {"user@main.test", "none", "none"},
	    {"user-@main.test", "break-character", "none"},
	    {"user+@main.test", "break-character", "none"},
	    {"user=@main.test", "break-character", "none"},
	    {"-@main.test", "break-character", "none"},
	    {"user-ext@main.test", "none", "none"},
	    {"user@main-.test", "none", "none"},
	    {"user-", "none", "none"},
	    {"a.b!#$%&'*+-/=?^_`{|}~z@main.test", "none", "none"},
	    {"a,b@main.test", "none", "quoted"},
	    {"a b@main.test", "none", "quoted"},
	    {"a\"b@main.test", "none", "quoted"},
	    {"a\\b@main.test", "none", "quoted"},
	    {"a@b@main.test", "none", "quoted"},
	    {"a-@b-@main.test", "break-character", "quoted"},
	    {"j\xc3\xbcrgen@main.test", "none", "quoted"},
	    {"a\tb@main.test", "none", "quoted"},
	    {"@main.test", "none", "none"},
	    {"", "none", "none"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_str(doubt(HOOK_FD3, cases[i].address), cases[i].fd3, cases[i].address);
		is_str(
		    doubt(HOOK_SPAMDYKE, cases[i].address), cases[i].spamdyke, "and behind -y");
		is_str(doubt(HOOK_EXIT, cases[i].address), "none", "never in the other forms");
	}
	is_str(hook_doubt(HOOK_SPAMDYKE, "a\0b@main.test", 13), "quoted", "a NUL");
}

int
main(void)
{
	test_codes();
	test_doubt();
	return tap_done();
}
