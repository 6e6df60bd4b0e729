/*
 * The end of a message: CRLF.CRLF, wherever the bytes are cut; all that looks like it is told.
 */
#include "door/wrapdata.h"
#include "tap.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t len;
	enum wrapdata result;
	size_t used;
} cases[] = {
    {BYTES("hello\r\n.\r\nQUIT\r\n"), WRAPDATA_END, 10},
    {BYTES(".\r\n"), WRAPDATA_END, 3},
    {BYTES("a\r\n..\r\nb\r\n.\r\n"), WRAPDATA_END, 13},
    {BYTES("a\r\n.b\r\n.\r\n"), WRAPDATA_END, 10},
    {BYTES("a.\r\n.\r\n"), WRAPDATA_END, 7},
    {BYTES("a\nb\r\nc\rd\r\n.\r\n"), WRAPDATA_END, 13},
    {BYTES("a\r\r\n.\r\n"), WRAPDATA_END, 7},
    {BYTES("a\0b\xff\r\n.\r\n"), WRAPDATA_END, 9},
    {BYTES("hello\r\n"), WRAPDATA_MORE, 7},
    {BYTES("hello\r\n."), WRAPDATA_MORE, 7},
    {BYTES("hello\r\n.\r"), WRAPDATA_MORE, 7},
    {BYTES("hello."), WRAPDATA_MORE, 6},
    {BYTES(""), WRAPDATA_MORE, 0},
    {BYTES("a\n.\nMAIL"), WRAPDATA_AMBIGUOUS, 2},
    {BYTES("a\n.\r\n"), WRAPDATA_AMBIGUOUS, 2},
    {BYTES("a\r\n.\nMAIL"), WRAPDATA_AMBIGUOUS, 3},
    {BYTES("a\r\n.\rMAIL"), WRAPDATA_AMBIGUOUS, 3},
    {BYTES("a\r\n.\r\r\n"), WRAPDATA_AMBIGUOUS, 3},
    {BYTES("a\r.\rMAIL"), WRAPDATA_AMBIGUOUS, 2},
    {BYTES("a\r.\r\n"), WRAPDATA_AMBIGUOUS, 2},
    {BYTES("a\r.\n"), WRAPDATA_AMBIGUOUS, 2},
    {BYTES("a\n\r.\r\n"), WRAPDATA_AMBIGUOUS, 3},
    {BYTES("a\n\n.\r\n"), WRAPDATA_AMBIGUOUS, 3},
    {BYTES(".\n"), WRAPDATA_AMBIGUOUS, 0},
};

/* The same in pieces of this size. */
static bool
same_in_pieces(
    const char *bytes, size_t len, enum wrapdata want, size_t want_used, size_t piece)
{
	struct wrapdata_place place;
	enum wrapdata result = WRAPDATA_MORE;
	size_t at = 0, seen = 0, used = 0;

	wrapdata_start(&place);
	while (result == WRAPDATA_MORE && seen < len) {
		seen += seen + piece > len ? len - seen : piece;
		result = wrapdata_scan(&place, bytes + at, seen - at, &used);
		at += used;
	}
	return result == want && at == want_used;
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool good = true;

		for (size_t piece = cases[i].len; piece > 0; piece--)
			good = good &&
			    same_in_pieces(cases[i].bytes, cases[i].len, cases[i].result,
				cases[i].used, piece);
		ok(good, "case %zu, in pieces of all sizes", i);
	}
	return tap_done();
}
