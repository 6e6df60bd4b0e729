/*
 * What rcptprobe says of itself, read: as it is made, cut anywhere, and made up.
 */
#include "door/statusprobe.h"

#include <stdlib.h>

#include "base/line.h"
#include "tap.h"

static struct statusprobe_desk desk;
static struct statusprobe_server server;

/* In a block of just that size, so that nothing can be read behind its end. */
static enum statusprobe_kind
parse_bytes(const char *bytes, size_t len)
{
	char *copy = malloc(len + (len == 0));
	enum statusprobe_kind kind;

	memcpy(copy, bytes, len);
	memset(&desk, 0x5a, sizeof(desk));
	memset(&server, 0x5a, sizeof(server));
	kind = statusprobe_parse(&desk, &server, copy, len);
	free(copy);
	return kind;
}

static enum statusprobe_kind
parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void
test_desk(void)
{
	is_int(parse("probe pid=1 since=1795257120 questions=9 joined=8 known=7 refreshed=6 "
		     "directly=5 busy=4 probes=3 asking=2 callers=1 p50=12 p99=340 servers=20 "
		     "lately=600 lately_questions=30 lately_busy=2"),
	    STATUSPROBE_DESK, "itself");
	ok(desk.since == 1795257120 && desk.questions == 9 && desk.joined == 8 &&
		desk.known == 7 && desk.busy == 4 && desk.probes == 3 && desk.callers == 1,
	    "its figures");
	ok(desk.p50 == 12 && desk.p99 == 340 && desk.servers == 20, "and those behind them");
	ok(desk.lately == 600 && desk.lately_questions == 30 && desk.lately_busy == 2,
	    "and what came lately");
	is_int(parse("probe"), STATUSPROBE_DESK, "with no figures");
	ok(desk.since == 0 && desk.questions == 0 && desk.p50 == -1 && desk.p99 == -1,
	    "they are nothing");
	is_int(parse("probe since=1 since=2 new=\"x y\" newer=-1"), STATUSPROBE_DESK,
	    "keys of tomorrow");
	is_int(desk.since, 2, "of two values the last");
	is_int(parse("probe since=999999999999999999"), STATUSPROBE_DESK, "a large number");
	is_int(desk.since, 999999999999999999, "as it is");
}

static void
test_server(void)
{
	is_int(parse("server host=192.0.2.1:25 state=slow connections=3 limit=4 waiting=5 "
		     "opened=6 asked=7 yes=8 no=9 undecided=10 skipped=11 slow=12 p50=13 "
		     "p99=14 refuses_since=15 refused=16 tls=\"certificate is not for x\" "
		     "reply=\"5.7.1 you are \\\"bad\\\" \\x5c\\x1b\""),
	    STATUSPROBE_SERVER, "a server");
	is_str(server.host, "192.0.2.1:25", "its host");
	is_str(server.state, "slow", "its state");
	is_str(server.tls, "certificate is not for x", "its TLS");
	is_str(server.reply, "5.7.1 you are \"bad\" \\x5c\\x1b", "its reply, escaped as it is");
	ok(server.connections == 3 && server.limit == 4 && server.waiting == 5, "connections");
	ok(server.asked == 7 && server.yes == 8 && server.no == 9 && server.undecided == 10 &&
		server.skipped == 11 && server.p50 == 13 && server.p99 == 14 &&
		server.refuses_since == 15 && server.refused == 16,
	    "its figures");
	is_int(parse("server host=a"), STATUSPROBE_SERVER, "with no more than a host");
	ok(server.state[0] == '\0' && server.tls[0] == '\0' && server.reply[0] == '\0' &&
		server.asked == 0 && server.p50 == -1 && server.p99 == -1,
	    "all else is nothing");
	is_int(parse("server host=a tls=\"\" reply="), STATUSPROBE_SERVER, "empty texts");
	ok(server.tls[0] == '\0' && server.reply[0] == '\0', "are empty");
}

static void
test_nonsense(void)
{
	static const char *const lines[] = {"", "p", "probes", "probe  since=1",
	    "probe\tsince=1", "probesince=1", "server", "server host=", "server host=\"\"",
	    "server state=ok", "probe since=", "probe since=-1", "probe since=1x",
	    "probe since=0x1", "probe since=\"\"", "probe since=1000000000000000000",
	    "probe x=a\"b", "probe x=a=b", "probe x=\"a\"b", "probe x=\"a\"\"b\"",
	    "probe since=1\n", "probe x=\x1b", "probe x=\x7f", "probe x=\xc3\xbc", "x a=b"};
	size_t bad = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (parse(lines[i]) != STATUSPROBE_NONSENSE) {
			printf("#   '%s'\n", lines[i]);
			bad++;
		}
	is_int((long long)bad, 0, "what is no such line");
	is_int(parse_bytes("probe x=a\0b", 11), STATUSPROBE_NONSENSE, "nor with a NUL");
}

/* A packet may be too short for the last texts. */
static void
test_cut(void)
{
	static const char line[] =
	    "server host=192.0.2.1:25 asked=7 tls=\"a b\" reply=\"c \\\"d\"";
	size_t bad = 0, texts = strlen("server host=192.0.2.1:25 asked=7");

	for (size_t len = texts; len < sizeof(line); len++)
		bad += parse_bytes(line, len) != STATUSPROBE_SERVER || server.asked != 7;
	is_int((long long)bad, 0, "texts that are cut");
	parse_bytes(line, sizeof(line) - 4);
	is_str(server.reply, "c \\", "as far as they are there");
	for (size_t len = 0; len < texts; len++)
		(void)parse_bytes(line, len);
	ok(true, "cut anywhere");
}

static void
test_long(void)
{
	char text[1000], line[4000];
	struct line made;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	snprintf(
	    line, sizeof(line), "server host=%s state=%s reply=%s asked=5", text, text, text);
	is_int(parse(line), STATUSPROBE_SERVER, "long texts");
	ok(strlen(server.host) == sizeof(server.host) - 1 &&
		strlen(server.state) == sizeof(server.state) - 1 &&
		strlen(server.reply) == sizeof(server.reply) - 1,
	    "are cut");
	is_int(server.asked, 5, "and what is behind them is there");
	snprintf(line, sizeof(line), "server %s=1 host=a", text);
	is_int(parse(line), STATUSPROBE_SERVER, "so is what is behind a long key");

	line_start(&made);
	line_add(&made, "server");
	line_pair(&made, "host", "[2001:db8::1]:25");
	line_pair(&made, "reply", "a \"quoted\" = \x1b \\ end");
	line_pair_number(&made, "asked", 3);
	is_int(parse_bytes(made.text, made.len), STATUSPROBE_SERVER, "as the log makes lines");
	is_str(server.reply, "a \"quoted\" = \\x1b \\x5c end", "texts are read");
	is_int(server.asked, 3, "to their ends");
}

int
main(void)
{
	test_desk();
	test_server();
	test_nonsense();
	test_cut();
	test_long();
	return tap_done();
}
