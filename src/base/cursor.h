/*
 * A cursor over the bytes of a record that is made or parsed. What does not fit, or is not there, is bad
 * for good, so that it is enough to look at the end.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts with out or in, and left. */
struct cursor {
	unsigned char *out;
	const unsigned char *in;
	size_t left;
	bool bad;
};

void cursor_put(struct cursor *cursor, const void *bytes, size_t len);

/* High byte first, in len bytes, at most 4. */
void cursor_put_number(struct cursor *cursor, uint32_t number, size_t len);

/* One byte of length, and the text. */
void cursor_put_text(struct cursor *cursor, const char *text);

/* The next len bytes; NULL when it is bad. */
const unsigned char *cursor_get(struct cursor *cursor, size_t len);

/* The same as a number; 0 when it is bad. */
uint32_t cursor_get_number(struct cursor *cursor, size_t len);

/* How many of size bytes were made; 0 when it is bad. */
size_t cursor_made(const struct cursor *cursor, size_t size);

/* Returns 0 when all was parsed and nothing is left, or -1 with errno EPROTO. */
int cursor_parsed(const struct cursor *cursor);

#endif
