/*
 * Answers of a check: refused for good only where it says so.
 */
#include <signal.h>

#include "door/wrapanswer.h"
#include "tap.h"

#define EXITED(code) ((code) << 8)

static const struct {
	const char *name;
	int status;
	const char *text;
	const char *reply; /* NULL: accepted */
	bool trouble;
} cases[] = {
    {"0 accepts", EXITED(0), "", NULL, false},
    {"0 accepts, whatever is written", EXITED(0), "550 5.1.1 no\n", NULL, false},
    {"112 has no opinion", EXITED(112), "", NULL, false},
    {"100 with a line", EXITED(100), "550 5.7.0 not you\n", "550 5.7.0 not you", false},
    {"with CRLF", EXITED(100), "553 no\r\n", "553 no", false},
    {"without an end", EXITED(100), "599 no", "599 no", false},
    {"a code alone", EXITED(100), "550", "550", false},
    {"100 can put off", EXITED(100), "451 4.4.3 later\n", "451 4.4.3 later", false},
    {"100 without a text", EXITED(100), "", wrapreply_refused, false},
    {"with a text that is no reply", EXITED(100), "no such user\n", wrapreply_refused, false},
    {"with a good one", EXITED(100), "250 ok\n", wrapreply_refused, false},
    {"with 600", EXITED(100), "600 no\n", wrapreply_refused, false},
    {"with two lines", EXITED(100), "550-no\n550 no\n", wrapreply_refused, false},
    {"with a line that has more behind it", EXITED(100), "550-no\n", wrapreply_refused, false},
    {"421 would be a promise", EXITED(100), "421 closing\n", wrapreply_unverified, false},
    {"two lines that put off", EXITED(100), "451-no\n451 no\n", wrapreply_unverified, false},
    {"control bytes are shown", EXITED(100), "550 a\rb\x80", "550 a\\x0db\\x80", false},
    {"111", EXITED(111), "", wrapreply_unverified, false},
    {"111 with 4xx", EXITED(111), "450 4.2.0 greylisted\n", "450 4.2.0 greylisted", false},
    {"111 never refuses for good", EXITED(111), "550 no\n", wrapreply_unverified, false},
    {"1", EXITED(1), "550 no\n", wrapreply_failed, true},
    {"120", EXITED(120), "550 no\n", wrapreply_failed, true},
    {"127", EXITED(127), "", wrapreply_failed, true},
    {"a signal", SIGKILL, "550 no\n", wrapreply_failed, true},
};

static void
try_line(const char *name, const char *address, const char *line, const char *reply, bool good)
{
	struct wrapanswer answer;

	if (!ok(wrapanswer_line(&answer, address, line, strlen(line)) == good, "%s", name) ||
	    !good)
		return;
	is_int(answer.accepted, reply == NULL, "accepted or not");
	is_str(answer.reply, reply == NULL ? "" : reply, "the reply");
}

int
main(void)
{
	struct wrapanswer answer;
	char text[700];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wrapanswer_exit(&answer, cases[i].status, cases[i].text, strlen(cases[i].text));
		is_int(answer.accepted, cases[i].reply == NULL, cases[i].name);
		is_str(answer.reply, cases[i].reply == NULL ? "" : cases[i].reply, "its reply");
		is_int(answer.trouble != NULL, cases[i].trouble, "trouble or not");
	}
	memset(text, '\x01', sizeof(text));
	memcpy(text, "550 ", 4);
	wrapanswer_exit(&answer, EXITED(100), text, sizeof(text));
	is_int((long long)strlen(answer.reply), WRAPREPLY_SIZE - 1, "a long line is cut");

	try_line("-b: accept", "a@b", "a@b\taccept\tcallout\t250 ok", NULL, true);
	try_line("reject", "a@b", "a@b\treject\tcache\t550 no", wrapreply_refused, true);
	try_line("tempfail", "a@b", "a@b\ttempfail\tcdb\t", wrapreply_unverified, true);
	try_line("an address without anything", "", "\taccept\tno-domain\t", NULL, true);
	try_line("with 8-bit bytes", "\xc3\xbc\\@b", "\\xc3\\xbc\\x5c@b\taccept\tforeign\t",
	    NULL, true);
	try_line("another address", "a@b", "a@c\treject\tcallout\t550 no", NULL, false);
	try_line("more of it", "a@b", "a@bc\treject\tcallout\t550 no", NULL, false);
	try_line("less", "a@b", "a@\treject\tcallout\t550 no", NULL, false);
	try_line("another verdict", "a@b", "a@b\trejected\tcallout\t550 no", NULL, false);
	try_line("a verdict that is cut", "a@b", "a@b\treject", NULL, false);
	try_line("nothing", "a@b", "", NULL, false);

	wrapanswer_fail(&answer, "x", 5);
	ok(!answer.accepted && answer.reply[0] == '4', "no answer is a temporary failure");
	return tap_done();
}
