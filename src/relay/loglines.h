/*
 * Cuts a stream of bytes into lines, as they come. Pure.
 */
#ifndef RELAY_LOGLINES_H
#define RELAY_LOGLINES_H

#include <stdbool.h>
#include <stddef.h>

#define LOGLINES_MAX 4096 /* bytes; what is longer is cut */

struct loglines {
	const char *bytes; /* what loglines_feed was given, and is not used up */
	size_t left;
	size_t len; /* of the line that has begun in part */
	bool too_long;
	char part[LOGLINES_MAX];
};

struct loglines_line {
	const char *text;
	size_t len; /* without the newline */
	bool cut;   /* this is how it begins: the rest was too long */
};

/* Gives it the next bytes, which stay the caller's; those before must be used up. */
void loglines_feed(struct loglines *lines, const char *bytes, size_t len);

/*
 * The next line that has its newline: good until the next call. Returns false when there is none; what
 * is left is kept for later. A last line without a newline never comes out: it may have been cut
 * in the middle of an address.
 */
bool loglines_next(struct loglines *lines, struct loglines_line *line);

#endif
