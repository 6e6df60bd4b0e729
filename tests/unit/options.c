/*
 * Command lines and environments: which form they ask for, about whom, and that the form is
 * right even where the rest makes no sense.
 */
#include <stdlib.h>
#include <unistd.h>

#include "rcpt/options.h"
#include "tap.h"

#define ARGUMENTS_MAX 6

/* Parses a command line of up to five words. */
static struct options
parse(const char *const words[ARGUMENTS_MAX])
{
	static char texts[ARGUMENTS_MAX][2048];
	char *argv[ARGUMENTS_MAX + 2] = {(char *)"rcptcheck"};
	struct options options;
	int argc = 1;

	for (; words[argc - 1] != NULL; argc++) {
		snprintf(texts[argc - 1], sizeof(texts[0]), "%s", words[argc - 1]);
		argv[argc] = texts[argc - 1];
	}
	optind = 0; /* GNU: begin anew */
	options_parse(&options, argc, argv);
	return options;
}

static void
test_command_lines(void)
{
	static const struct {
		const char *words[ARGUMENTS_MAX];
		enum hook_form form;
		bool usage;
		const char *address;
		const char *name;
	} cases[] = {
	    {{"u@d"}, HOOK_EXIT, false, "u@d", "an address"},
	    {{"-v", "--", "-u@d"}, HOOK_EXIT, false, "-u@d", "one that begins with -"},
	    {{"u@d", "-v"}, HOOK_EXIT, false, "u@d", "an option behind it"},
	    {{"u@d", "-vs"}, HOOK_PRINT, false, "u@d", "two of them"},
	    {{"u@d", "-3"}, HOOK_FD3, true, NULL, "-3 behind an address"},
	    {{"u@d", "--", "-v"}, HOOK_EXIT, true, NULL, "what is no option behind it"},
	    {{"-v", "--", "-u@d", "-v"}, HOOK_EXIT, true, NULL, "and -- before both"},
	    {{"--help"}, HOOK_EXIT, true, NULL, "a long option"},
	    {{"-s", "u@d"}, HOOK_PRINT, false, "u@d", "-s"},
	    {{"-b"}, HOOK_BATCH, false, NULL, "-b"},
	    {{"-3"}, HOOK_FD3, false, NULL, "-3"},
	    {{"-v", "-y", "d", "u"}, HOOK_SPAMDYKE, false, "u@d", "-y"},
	    {{"-y", "d", "-b"}, HOOK_SPAMDYKE, false, "-b@d", "-y, then what is no option"},
	    {{"-y", "-b", "-3"}, HOOK_SPAMDYKE, false, "-3@-b", "twice"},
	    {{"-y", "d", "--"}, HOOK_SPAMDYKE, false, "--@d", "and --"},
	    {{"-y", "d", "a@b"}, HOOK_SPAMDYKE, false, "a@b@d", "an @ in the local part"},
	    {{"-y"}, HOOK_SPAMDYKE, true, NULL, "-y alone"},
	    {{"-y", "d"}, HOOK_SPAMDYKE, true, NULL, "-y with a domain only"},
	    {{"-y", "d", "u", "v"}, HOOK_SPAMDYKE, true, NULL, "-y with more"},
	    {{"-y", "d", ""}, HOOK_SPAMDYKE, true, NULL, "-y with an empty local part"},
	    {{"-y", "", "u"}, HOOK_SPAMDYKE, true, NULL, "-y with an empty domain"},
	    {{"-y", "a@b", "u"}, HOOK_SPAMDYKE, true, NULL, "-y with an @ in the domain"},
	    {{"-b", "-y", "d", "u"}, HOOK_SPAMDYKE, true, "u@d", "-y and -b"},
	    {{"-3", "-y", "d", "u"}, HOOK_SPAMDYKE, true, "u@d", "-y and -3"},
	    {{"-q", "-y", "d", "u"}, HOOK_SPAMDYKE, true, "u@d", "-y behind nonsense"},
	    {{"-3", "u@d"}, HOOK_FD3, true, "u@d", "-3 with an address"},
	    {{"-3", "-s"}, HOOK_FD3, true, NULL, "-3 and -s"},
	    {{"-q", "-3"}, HOOK_FD3, true, NULL, "-3 and nonsense"},
	    {{"-b", "u@d"}, HOOK_BATCH, true, "u@d", "-b with an address"},
	    {{"-b", "-s"}, HOOK_BATCH, true, NULL, "-b and -s"},
	    {{"u@d", "v@d"}, HOOK_EXIT, true, "u@d", "two addresses"},
	    {{"-q", "u@d"}, HOOK_EXIT, true, "u@d", "nonsense"},
	    {{NULL}, HOOK_EXIT, true, NULL, "nothing"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options = parse(cases[i].words);

		ok(options.form == cases[i].form && options.usage == cases[i].usage,
		    "%s: form %d, %s", cases[i].name, (int)cases[i].form,
		    cases[i].usage ? "no sense" : "sense");
		if (!cases[i].usage && cases[i].address != NULL)
			is_str(options.address != NULL ? options.address : "(none)",
			    cases[i].address, "and the address");
	}
}

static void
test_long(void)
{
	char local[1500];
	const char *words[ARGUMENTS_MAX] = {"-y", "d", local};
	struct options options;

	memset(local, 'a', sizeof(local));
	local[1021] = '\0';
	options = parse(words);
	ok(!options.usage && strlen(options.address) == 1023, "-y: 1023 bytes fit");
	local[1021] = 'a';
	local[1022] = '\0';
	options = parse(words);
	ok(options.usage && options.form == HOOK_SPAMDYKE, "one more does not");
}

static void
test_environment(void)
{
	static const char *const nothing[ARGUMENTS_MAX] = {NULL};
	static const char *const spamdyke[ARGUMENTS_MAX] = {"-y", "d", "u"};
	static const char *const descriptor[ARGUMENTS_MAX] = {"-3"};
	struct options options;

	setenv("SMTPRCPTTO", "spp@d", 1);
	setenv("SMTPMAILFROM", "sender@spp", 1);
	options = parse(nothing);
	ok(options.form == HOOK_SPP && !options.usage, "SMTPRCPTTO alone is qmail-spp");
	is_str(options.address, "spp@d", "its address");
	is_str(options.context.sender, "sender@spp", "its sender");
	setenv("RECIPIENT", "hook@d", 1);
	setenv("SENDER", "", 1);
	options = parse(nothing);
	ok(options.form == HOOK_EXIT && !options.usage, "RECIPIENT wins");
	is_str(options.address, "hook@d", "its address");
	is_str(options.context.sender, "", "its sender");
	options = parse(spamdyke);
	ok(options.form == HOOK_SPAMDYKE, "-y takes no address from the environment");
	is_str(options.address, "u@d", "but its own");
	options = parse(descriptor);
	ok(options.form == HOOK_FD3 && options.address == NULL, "neither does -3");
}

int
main(void)
{
	static const char *const names[] = {
	    "RECIPIENT", "SENDER", "SMTPRCPTTO", "SMTPMAILFROM", "USE_FD4"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	test_command_lines();
	test_long();
	test_environment();
	return tap_done();
}
