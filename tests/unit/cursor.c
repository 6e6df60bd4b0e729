/* The cursor under the records of both CDBs: what does not fit is bad for good. */
#include <errno.h>

#include "base/cursor.h"
#include "tap.h"

static void
make_and_parse(void)
{
	unsigned char bytes[9];
	struct cursor out = {.out = bytes, .left = sizeof(bytes)};
	struct cursor in = {.in = bytes, .left = sizeof(bytes)};
	const unsigned char *text;

	cursor_put_number(&out, 0xfe, 1);
	cursor_put_number(&out, 0x01020304, 4);
	cursor_put_text(&out, "abc");
	is_int((int64_t)cursor_made(&out, sizeof(bytes)), 9, "nine bytes are made");
	ok(memcmp(bytes, "\376\1\2\3\4\3abc", 9) == 0, "numbers have the high byte first");
	is_int(cursor_get_number(&in, 1), 0xfe, "a byte");
	is_int(cursor_get_number(&in, 4), 0x01020304, "and four");
	is_int(cursor_parsed(&in), -1, "that is not all");
	is_int(cursor_get_number(&in, 1), 3, "a length");
	text = cursor_get(&in, 3);
	ok(text != NULL && memcmp(text, "abc", 3) == 0, "and its text");
	is_int(cursor_parsed(&in), 0, "all is parsed");
}

static void
out_of_room(void)
{
	unsigned char bytes[4] = {1, 2, 3, 4};
	struct cursor out = {.out = bytes, .left = 2};
	struct cursor in = {.in = bytes, .left = sizeof(bytes)};

	cursor_put_text(&out, "ab");
	ok(out.bad && bytes[2] == 3, "nothing is written past the room");
	cursor_put(&out, "", 0);
	is_int((int64_t)cursor_made(&out, 2), 0, "and no record made");
	ok(cursor_get(&in, 5) == NULL, "there are no five bytes in four");
	is_int(cursor_get_number(&in, 1), 0, "from then on all is zero");
	errno = 0;
	ok(cursor_parsed(&in) == -1 && errno == EPROTO, "and it is no record");
}

static void
long_text(void)
{
	unsigned char bytes[300];
	struct cursor out = {.out = bytes, .left = sizeof(bytes)};
	char text[257];

	memset(text, 'x', 256);
	text[255] = '\0';
	cursor_put_text(&out, text);
	is_int((int64_t)cursor_made(&out, sizeof(bytes)), 256, "a text may have 255 bytes");
	out = (struct cursor){.out = bytes, .left = sizeof(bytes)};
	text[255] = 'x';
	text[256] = '\0';
	cursor_put_text(&out, text);
	is_int((int64_t)cursor_made(&out, sizeof(bytes)), 0, "and no more");
}

int
main(void)
{
	make_and_parse();
	out_of_room();
	long_text();
	return tap_done();
}
