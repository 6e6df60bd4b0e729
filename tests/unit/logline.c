/*
 * Lines of logs: where the message begins, how a stream is cut into lines, and what is a login.
 */
#include <stdlib.h>

#include "relay/loglines.h"
#include "relay/logprefix.h"
#include "relay/match.h"
#include "tap.h"

static void
prefix(const char *line, const char *want, const char *name)
{
	struct logprefix prefix;
	char got[512];

	logprefix_parse(&prefix, line, strlen(line));
	snprintf(got, sizeof(got), "%.*s|%.*s", (int)prefix.tag_len,
	    prefix.tag_len > 0 ? prefix.tag : "", (int)prefix.message_len, prefix.message);
	is_str(got, want, name);
}

static void
test_prefix(void)
{
	prefix("Nov 21 04:28:41 mx pop3d: a b", "pop3d|a b", "classic");
	prefix("Nov  1 04:28:41 mx cyrus/imap[77]: a b", "cyrus/imap|a b", "with a pid");
	prefix("Nov 21 04:28:41.123456 mx pop3d: a", "pop3d|a", "journalctl -o short-precise");
	prefix("2026-11-21T04:28:41.015568+00:00 mx pop3d[1]: a", "pop3d|a", "ISO");
	prefix(
	    "2026-11-21T04:28:41Z fe80::1 pop3d[1]: a", "pop3d|a", "ISO with Z, IPv6 as host");
	prefix("2026-11-21T04:28:41-0230 mx pop3d[1]: a", "pop3d|a", "journalctl -o short-iso");
	prefix("<22>Nov 21 04:28:41 mx pop3d: a", "pop3d|a", "with a priority");
	prefix("@400000006740a1b912345678 Nov 21 04:28:41 mx pop3d: a", "pop3d|a", "tai64n");
	prefix("@400000006740a1b912345678 a: b", "|a: b", "tai64n alone");
	prefix(
	    "@400000006740a1b91234567G a: b", "|@400000006740a1b91234567G a: b", "no tai64n");
	prefix("Nov 21 04:28:41 mx qmail: 1700000000.123456 a", "qmail|a", "splogger");
	prefix(
	    "Nov 21 04:28:41 imap-login: Info: a", "imap-login|Info: a", "Dovecot's own file");
	prefix("2026/11/21 04:28:41 [info] 12#13: *1 a",
	    "|2026/11/21 04:28:41 [info] 12#13: *1 a", "nginx's own file has no tag");
	prefix("Nov 21 04:28:41 mx web: 2026/11/21 04:28:41 [info] 12#13: *1 a",
	    "web|2026/11/21 04:28:41 [info] 12#13: *1 a", "nor is its time one of ours");
	prefix("pop3d: a", "|pop3d: a", "no time, no tag");
	prefix("Nov 21 04:28:41 mx a b", "|Nov 21 04:28:41 mx a b", "no tag");
	prefix("Nov 21 04:28:41 mx: pop3d: a", "mx|pop3d: a", "a tag in the place of a host");
	prefix("Nov 21 04:28:41 ?: pop3d: a", "|Nov 21 04:28:41 ?: pop3d: a",
	    "an odd one is no host");
	prefix("Nov 21 04:28:41 mx pop3d[x]: a", "|Nov 21 04:28:41 mx pop3d[x]: a", "no pid");
	prefix("Nov 21 04:28:41  pop3d: a", "|Nov 21 04:28:41  pop3d: a", "two blanks");
	prefix("Nov 21 04:28:41 mx pop3d:a", "|Nov 21 04:28:41 mx pop3d:a", "no blank");
	prefix("", "|", "an empty line");
	prefix("<", "|<", "a part of a priority");
	prefix("Nov 21 04:28:41 mx ", "|Nov 21 04:28:41 mx ", "a line that ends early");
}

static void
test_cutting(void)
{
	static struct loglines lines;
	static char stream[3 * LOGLINES_MAX];
	struct loglines_line line;
	char got[256] = "";
	bool good = true;
	int too_long = 0, count = 0;

	for (const char *p = "one\n\ntwo\nthr"; *p != '\0'; p++) {
		loglines_feed(&lines, p, 1);
		while (loglines_next(&lines, &line))
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s|",
			    (int)line.len, line.text);
	}
	is_str(got, "one||two|", "byte by byte; a last line without its end is none");
	loglines_feed(&lines, "ee\nx\n", 5);
	got[0] = '\0';
	while (loglines_next(&lines, &line))
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s|", (int)line.len,
		    line.text);
	is_str(got, "three|x|", "a line from two pieces");

	for (size_t len = LOGLINES_MAX - 2; len <= LOGLINES_MAX + 2; len++) {
		for (size_t piece = 1; piece <= len + 1; piece += piece < 5 ? 1 : 997) {
			for (size_t at = 0; at < len; at++)
				stream[at] = (char)('a' + at % 23);
			stream[len] = '\n';
			for (size_t at = 0; at <= len; at += piece) {
				size_t left = len + 1 - at;

				loglines_feed(&lines, stream + at, left < piece ? left : piece);
				while (loglines_next(&lines, &line)) {
					count++;
					too_long += line.cut;
					good = good && line.cut == (len > LOGLINES_MAX) &&
					    line.len == (line.cut ? LOGLINES_MAX : len) &&
					    memcmp(line.text, stream, line.len) == 0;
				}
			}
		}
	}
	ok(good && count > 20 && too_long > 8,
	    "lines up to the longest, and too long, in all pieces");
}

static void
trouble(const char *file, unsigned line, const char *reason)
{
	printf("# %s:%u: %s\n", file, line, reason);
}

static struct patterns *
read_text(const char *text)
{
	struct patterns *patterns = patterns_new();
	FILE *in = tmpfile();

	fputs(text, in);
	rewind(in);
	is_int(patterns_read_stream(patterns, in, "text", trouble), 0, "patterns are read");
	fclose(in);
	return patterns;
}

static enum match_result
match_text(struct patterns *patterns, const char *text, struct match *match)
{
	struct match_terms terms = {.patterns = patterns};

	return match_line(match, &terms, text, strlen(text), false);
}

#define AT "Nov 21 04:28:41 mx "

static void
test_match(void)
{
	struct patterns *patterns =
	    read_text("pattern a\ntag one two*\nline in (?<ip>\\S+)( as "
		      "(?<user>.*))?\npattern slow\noff x\ntag slow\n"
		      "line (?:(?:a+)+)+(?<ip>[bc])\n");
	struct match match;
	struct match_terms terms = {.tag = "a"};
	char text[700] = AT "slow: ";

	is_int(
	    match_text(patterns, AT "one: in 192.0.2.1 as me", &match), MATCH_LOGIN, "a login");
	is_str(match.address, "192.0.2.1", "from where");
	ok(match.by.user_len == 2 && memcmp(match.by.user, "me", 2) == 0, "and who");
	ok(strcmp(match.by.name, "a") == 0 && match.by.line == 3, "by which line");
	is_int(match_text(patterns, AT "one: in ::FFFF:192.0.2.1", &match), MATCH_LOGIN,
	    "no user");
	ok(strcmp(match.address, "192.0.2.1") == 0 && match.by.user_len == 0,
	    "and IPv4-mapped");
	is_int(
	    match_text(patterns, AT "two: in 192.0.2.1", &match), MATCH_LOGIN, "a tag with *");
	is_int(
	    match_text(patterns, AT "twofold: in 192.0.2.1", &match), MATCH_LOGIN, "and more");
	is_int(match_text(patterns, AT "onefold: in 192.0.2.1", &match), MATCH_NONE,
	    "another tag");
	is_int(
	    match_text(patterns, AT "on: in 192.0.2.1", &match), MATCH_NONE, "a part of one");
	is_int(match_text(patterns, AT "one: log in 192.0.2.1", &match), MATCH_NONE,
	    "more before");
	is_int(
	    match_text(patterns, AT "one: in 192.0.2.1 x", &match), MATCH_NONE, "more behind");
	is_int(match_text(patterns, "one: in 192.0.2.1", &match), MATCH_NONE, "no tag");
	is_int(match_text(patterns, AT "one: in 192.0.2.1 as \x01", &match), MATCH_NONE,
	    "controls");
	is_int(match_text(patterns, AT "one: in 192.0.2.300", &match), MATCH_REFUSED,
	    "no address");
	is_int(
	    match_text(patterns, AT "one: in 127.0.0.9", &match), MATCH_REFUSED, "ourselves");
	is_int(match_text(patterns, AT "one: in ::ffff:127.0.0.9", &match), MATCH_REFUSED,
	    "mapped");
	is_int(match_text(patterns, AT "one: in 0.0.0.0", &match), MATCH_REFUSED, "nobody");
	is_int(match_text(patterns, AT "one: in 192.0.2.0/24", &match), MATCH_REFUSED,
	    "a network");
	is_int(match_text(patterns, AT "slow: aab", &match), MATCH_NONE, "one that is off");
	ok(patterns_choose(patterns, "slow") == NULL && patterns_used(patterns) == 1,
	    "is chosen");
	is_int(match_text(patterns, AT "slow: aab", &match), MATCH_REFUSED, "and used");
	is_int(
	    match_text(patterns, AT "one: in 192.0.2.1", &match), MATCH_NONE, "not the others");
	memset(text + strlen(text), 'a', 400);
	is_int(match_text(patterns, text, &match), MATCH_NONE, "what is too much work");
	is_int((int)patterns_given_up(patterns), 1, "is given up");
	ok(patterns_choose(patterns, "all,-a,none") != NULL, "no such name");
	patterns_free(patterns);

	patterns = read_text("pattern a\nbare why\ntag a\nline (?<ip>\\S+)\n");
	is_int(match_text(patterns, AT "a: 192.0.2.1", &match), MATCH_LOGIN, "a bare tag");
	is_int(
	    match_text(patterns, AT "a[7]: 192.0.2.1", &match), MATCH_NONE, "one with a pid");
	terms.patterns = patterns;
	is_int(match_line(&match, &terms, "192.0.2.1", 9, false), MATCH_NONE,
	    "one that is only given");
	ok(patterns_choose(patterns, "a=b") == NULL, "one more tag");
	is_int(match_text(patterns, "2026/11/21 04:28:41 [info] 12#13: *1 x", &match),
	    MATCH_UNSAFE, "nginx's own file");
	is_int(match_text(patterns, "Nov 21 04:28:41 perdition.pop3[3]: x", &match),
	    MATCH_UNSAFE, "Perdition's own file");
	is_int(match_text(patterns, "Nov 21 04:28:41 perdition: x", &match), MATCH_UNSAFE,
	    "without a pid");
	is_int(match_text(patterns, AT "perdition.pop3[3]: x", &match), MATCH_NONE,
	    "Perdition in a syslog");
	is_int(match_text(patterns, "Nov 21 04:28:41 perdition1 a: 192.0.2.1", &match),
	    MATCH_LOGIN, "a host that is called so");
	is_int(
	    match_text(patterns, "Nov 21 04:28:41 perdition.example.net a: 192.0.2.1", &match),
	    MATCH_LOGIN, "with its domain");
	terms.tag = NULL;
	is_int(match_line(&match, &terms, AT "a: 192.0.2.1", strlen(AT "a: 192.0.2.1"), true),
	    MATCH_NONE, "a line that was cut");
	is_int(match_line(&match, &terms, "Nov 21 04:28:41 perdition[3]: x",
		   strlen("Nov 21 04:28:41 perdition[3]: x"), true),
	    MATCH_UNSAFE, "is unsafe if it begins so");
	is_int(match_text(patterns, AT "b[7]: 192.0.2.1", &match), MATCH_NONE,
	    "must be bare as well");
	patterns_free(patterns);

	patterns = read_text("pattern a\ntag a\nline (?<ip>1\\.1\\.1\\.1) (?<user>x*)\n");
	for (int len = PATTERNS_MESSAGE_MAX; len <= PATTERNS_MESSAGE_MAX + 1; len++) {
		snprintf(text, sizeof(text), AT "a: 1.1.1.1 ");
		memset(text + strlen(text), 'x', 500);
		text[strlen(AT "a: ") + (size_t)len] = '\0';
		is_int(match_text(patterns, text, &match),
		    len <= PATTERNS_MESSAGE_MAX ? MATCH_LOGIN : MATCH_NONE,
		    "the longest message, and what may have been cut");
	}
	patterns_free(patterns);
}

int
main(void)
{
	test_prefix();
	test_cutting();
	test_match();
	return tap_done();
}
