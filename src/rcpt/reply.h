/*
 * SMTP replies (RFC 5321 4.2): bytes in, one reply out. No I/O.
 *
 * Read leniently where that is harmless (a bare LF ends a line, text may be anything), and
 * strictly where a mistake could make a "no" of nothing: a line without a code, codes that
 * differ from line to line, endless replies are garbage.
 */
#ifndef RCPT_REPLY_H
#define RCPT_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define REPLY_TEXT_SIZE     4096 /* text kept of all lines; what is longer is cut */
#define REPLY_LINE_SIZE     1024 /* kept of one line; RFC 5321 4.5.3.1.5 allows 512 */
#define REPLY_LINES_MAX     256
#define REPLY_BYTES_MAX     65536 /* a longer reply is garbage */
#define REPLY_ENHANCED_SIZE 12

enum reply_state {
	REPLY_MORE,    /* not whole yet */
	REPLY_WHOLE,   /* code, enhanced and text are set */
	REPLY_GARBAGE, /* not SMTP, or not sane */
};

struct reply {
	int code; /* 200 to 599, of the last line */
	/*
	 * The enhanced status code (RFC 3463) in front of a line's text, or behind a "#" in
	 * it, as qmail writes "(#5.1.1)": that of whichever line has one. "" where none has.
	 */
	char enhanced[REPLY_ENHANCED_SIZE];
	bool enhanced_differs; /* lines carry different ones: they prove nothing */
	bool text_cut;         /* the server said more than text holds */
	size_t text_len;
	char text
	    [REPLY_TEXT_SIZE]; /* the lines without codes and ends, LF between them, NUL behind */

	/* where the parser is */
	size_t lines, bytes, line_len;
	char line[REPLY_LINE_SIZE];
};

void reply_start(struct reply *reply);

/* Takes bytes up to the end of the reply; used is how many. Not to be called after the end. */
enum reply_state reply_feed(struct reply *reply, const char *bytes, size_t len, size_t *used);

/* Does the reply to EHLO have this keyword, in a line of its own after the first (RFC 5321 4.1.1.1)? */
bool reply_offers(const struct reply *reply, const char *keyword);

#endif
