/*
 * SMTP replies: what is whole, what is garbage, which status code a reply carries; and that it
 * does not matter how the network cuts it.
 */
#include "rcpt/reply.h"
#include "tap.h"

static const struct {
	const char *name, *bytes;
	enum reply_state state;
	int code;
	const char *enhanced, *text;
	bool differs;
} cases[] = {
    {"one line", "250 ok\r\n", REPLY_WHOLE, 250, "", "ok", false},
    {"only a code", "250\r\n", REPLY_WHOLE, 250, "", "", false},
    {"a code and a blank", "250 \r\n", REPLY_WHOLE, 250, "", "", false},
    {"a bare LF", "250 ok\n", REPLY_WHOLE, 250, "", "ok", false},
    {"three lines", "250-a\r\n250-b\r\n250 c\r\n", REPLY_WHOLE, 250, "", "a\nb\nc", false},
    {"the last line is only a code", "250-a\r\n250\r\n", REPLY_WHOLE, 250, "", "a\n", false},
    {"empty lines within", "250-\r\n250-\r\n250 c\r\n", REPLY_WHOLE, 250, "", "\n\nc", false},
    {"the first code", "200 ok\r\n", REPLY_WHOLE, 200, "", "ok", false},
    {"the last code", "599 no\r\n", REPLY_WHOLE, 599, "", "no", false},
    {"8 bit and tabs in the text", "550 \xe9\t\x01\r\n", REPLY_WHOLE, 550, "", "\xe9\t\x01",
	false},

    {"not whole", "250 ok\r", REPLY_MORE, 0, "", "", false},
    {"not whole after a line", "250-ok\r\n", REPLY_MORE, 250, "", "ok", false},
    {"codes that differ", "250-ok\r\n550 no\r\n", REPLY_GARBAGE, 250, "", "ok", false},
    {"no code", "hello\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"no code in the second line", "550-no\r\nsuch user\r\n", REPLY_GARBAGE, 550, "", "no",
	false},
    {"two digits", "55\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"four digits", "5501 x\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"a letter behind the code", "550x\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"a tab behind the code", "550\tno\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"a blank in front", " 550 no\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"an empty line", "\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"a 1yz", "150 wait\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"a 6yz", "650 what\r\n", REPLY_GARBAGE, 0, "", "", false},
    {"a 000", "000 what\r\n", REPLY_GARBAGE, 0, "", "", false},

    {"a status code", "550 5.1.1 no\r\n", REPLY_WHOLE, 550, "5.1.1", "5.1.1 no", false},
    {"and nothing else", "550 5.1.1\r\n", REPLY_WHOLE, 550, "5.1.1", "5.1.1", false},
    {"of three digits", "550 5.123.456 no\r\n", REPLY_WHOLE, 550, "5.123.456", "5.123.456 no",
	false},
    {"of four digits", "550 5.1.1234 no\r\n", REPLY_WHOLE, 550, "", "5.1.1234 no", false},
    {"of class 4", "550 4.2.1 no\r\n", REPLY_WHOLE, 550, "4.2.1", "4.2.1 no", false},
    {"of class 3", "550 3.2.1 no\r\n", REPLY_WHOLE, 550, "", "3.2.1 no", false},
    {"of two parts", "550 5.1 no\r\n", REPLY_WHOLE, 550, "", "5.1 no", false},
    {"in brackets", "550 (5.1.1) no\r\n", REPLY_WHOLE, 550, "5.1.1", "(5.1.1) no", false},
    {"with a sharp", "550 #5.1.0 no\r\n", REPLY_WHOLE, 550, "5.1.0", "#5.1.0 no", false},
    {"with a colon", "550 5.1.1: no\r\n", REPLY_WHOLE, 550, "5.1.1", "5.1.1: no", false},
    {"behind, as qmail has it", "550 no (#5.1.1)\r\n", REPLY_WHOLE, 550, "5.1.1", "no (#5.1.1)",
	false},
    {"behind, with a dot", "550 no (#5.1.1).\r\n", REPLY_WHOLE, 550, "5.1.1", "no (#5.1.1).",
	false},
    {"behind, without brackets", "550 no #5.7.1\r\n", REPLY_WHOLE, 550, "5.7.1", "no #5.7.1",
	false},
    {"behind, without a sharp", "550 no (5.1.1)\r\n", REPLY_WHOLE, 550, "", "no (5.1.1)",
	false},
    {"an address is none", "550 5.1.1.7 is bad\r\n", REPLY_WHOLE, 550, "", "5.1.1.7 is bad",
	false},
    {"a version is none", "550 5.1.1rc2 no\r\n", REPLY_WHOLE, 550, "", "5.1.1rc2 no", false},
    {"in the middle", "550 no 5.1.1 at all\r\n", REPLY_WHOLE, 550, "", "no 5.1.1 at all",
	false},

    {"on the first line only", "550-5.1.1 no\r\n550 bye\r\n", REPLY_WHOLE, 550, "5.1.1",
	"5.1.1 no\nbye", false},
    {"on the last line only", "550-no\r\n550 5.1.1 bye\r\n", REPLY_WHOLE, 550, "5.1.1",
	"no\n5.1.1 bye", false},
    {"the same on each line", "550-5.1.1 a\r\n550-5.1.1 b\r\n550 5.1.1 c\r\n", REPLY_WHOLE, 550,
	"5.1.1", "5.1.1 a\n5.1.1 b\n5.1.1 c", false},
    {"another on the last line", "550-5.1.1 a\r\n550 5.7.1 b\r\n", REPLY_WHOLE, 550, "5.1.1",
	"5.1.1 a\n5.7.1 b", true},
    {"another, of which this is the beginning", "550-5.1.1 a\r\n550 5.1.10 b\r\n", REPLY_WHOLE,
	550, "5.1.1", "5.1.1 a\n5.1.10 b", true},
    {"one in front, another behind", "550 5.1.1 a (#5.7.1)\r\n", REPLY_WHOLE, 550, "5.1.1",
	"5.1.1 a (#5.7.1)", true},
    {"the same in front and behind", "550 5.1.1 a (#5.1.1)\r\n", REPLY_WHOLE, 550, "5.1.1",
	"5.1.1 a (#5.1.1)", false},
};

static bool
is_case(const struct reply *reply, enum reply_state state, size_t used, size_t i)
{
	if (state != cases[i].state || reply->code != cases[i].code)
		return false;
	if (state == REPLY_GARBAGE)
		return true;
	return used == strlen(cases[i].bytes) &&
	    strcmp(reply->enhanced, cases[i].enhanced) == 0 &&
	    reply->text_len == strlen(cases[i].text) &&
	    strcmp(reply->text, cases[i].text) == 0 &&
	    reply->enhanced_differs == cases[i].differs && !reply->text_cut;
}

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *bytes = cases[i].bytes;
		size_t len = strlen(bytes), used = 0, total;
		struct reply reply;
		enum reply_state state;
		bool good;

		reply_start(&reply);
		state = reply_feed(&reply, bytes, len, &used);
		good = is_case(&reply, state, used, i);
		for (size_t cut = 1; good && cut <= 3; cut++) {
			reply_start(&reply);
			state = REPLY_MORE;
			for (total = 0; total < len && state == REPLY_MORE; total += used)
				state = reply_feed(&reply, bytes + total,
				    len - total < cut ? len - total : cut, &used);
			good = is_case(&reply, state, total, i);
		}
		ok(good, "%s", cases[i].name);
	}
}

/* Feeds the same text again and again; returns the state when it ends, or after times. */
static enum reply_state
feed(struct reply *reply, const char *bytes, size_t times)
{
	enum reply_state state = REPLY_MORE;
	size_t used;

	while (times-- > 0 && state == REPLY_MORE)
		state = reply_feed(reply, bytes, strlen(bytes), &used);
	return state;
}

static void
test_bounds(void)
{
	struct reply reply;
	size_t used;

	reply_start(&reply);
	feed(&reply, "550 ", 1);
	feed(&reply, "x", REPLY_LINE_SIZE - 4);
	is_int(feed(&reply, "\n", 1), REPLY_WHOLE, "a line of the longest that is kept");
	ok(reply.text_len == REPLY_LINE_SIZE - 4 && !reply.text_cut, "is kept whole");

	reply_start(&reply);
	feed(&reply, "550 ", 1);
	feed(&reply, "x", REPLY_LINE_SIZE * 3);
	is_int(feed(&reply, " (#5.7.1)\r\n", 1), REPLY_WHOLE, "a longer line is a reply");
	ok(reply.text_len == REPLY_LINE_SIZE - 4 && reply.text_cut, "but says that it was cut");

	reply_start(&reply);
	is_int(feed(&reply, "550-0123456789012345678901234567890123456789\r\n", 200),
	    REPLY_MORE, "200 lines may be a reply");
	is_int(feed(&reply, "550 no\r\n", 1), REPLY_WHOLE, "when they end");
	ok(reply.text_len == REPLY_TEXT_SIZE - 1 && reply.text_cut &&
		reply.text[reply.text_len] == '\0',
	    "of which as much text is kept as fits");

	reply_start(&reply);
	is_int(feed(&reply, "550-a\r\n", REPLY_LINES_MAX), REPLY_MORE, "256 lines and no end");
	is_int(feed(&reply, "550 a\r\n", 1), REPLY_GARBAGE, "are garbage");
	reply_start(&reply);
	feed(&reply, "550 ", 1);
	is_int(
	    feed(&reply, "x", REPLY_BYTES_MAX - 4), REPLY_MORE, "64 KB without an end of line");
	is_int(feed(&reply, "\n", 1), REPLY_GARBAGE, "are garbage");

	reply_start(&reply);
	is_int(reply_feed(&reply, "250 a\r\n550 b\r\n", 14, &used), REPLY_WHOLE, "two replies");
	is_int((int)used, 7, "are taken one by one");
	reply_start(&reply);
	is_int(reply_feed(&reply, "250 a\0b\r\n", 9, &used), REPLY_WHOLE, "a NUL in the text");
	ok(reply.text_len == 3 && memcmp(reply.text, "a\0b", 4) == 0, "is part of it");
	reply_start(&reply);
	feed(&reply, "550 5.1.1 ", 1);
	feed(&reply, "\r", 2000);
	ok(feed(&reply, "\n", 1) == REPLY_WHOLE && strcmp(reply.enhanced, "5.1.1") == 0,
	    "CRs in a row are text");
	reply_start(&reply);
	ok(reply_feed(&reply, "", 0, &used) == REPLY_MORE && used == 0,
	    "no bytes are no reply");
}

int
main(void)
{
	test_cases();
	test_bounds();
	return tap_done();
}
