/*
 * The text of a list of users: one address a line, as rcptbuild -u takes it.
 *
 *	user@domain	a user; @domain: a catch-all; user-*@domain: all who begin like this
 *	=domain		the domain is local, as a row of local_domains says it
 *	# text		a remark; so is an empty line
 *
 * Lines end in LF or CRLF, the last may end without; blanks and tabs at both ends do not count. A
 * UTF-8's byte order mark is passed over where it begins the list (Windows' editors write it). A
 * "#" is a remark only with a blank behind it, or nothing: users may be called "#1".
 *
 * No I/O here: bytes go in as they come, in pieces of any size.
 */
#ifndef DOOR_FEED_H
#define DOOR_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "listing.h"

#define FEED_LINE_MAX 1000 /* bytes of a line, without its end */

enum feed_kind { FEED_NOTHING, FEED_LISTING, FEED_DOMAIN, FEED_BAD, FEED_TEXT };

struct feed_line {
	enum feed_kind kind;
	const char *text; /* the line without blanks at its ends */
	size_t len;
	uint64_t number;        /* from 1 */
	struct listing listing; /* of FEED_LISTING */
	const char *domain;     /* of FEED_DOMAIN: without the "=" */
	size_t domain_len;
	const char *why; /* of FEED_BAD: as listing_parse has it */
};

/* Takes each line; returns other than 0 to make an end. */
typedef int feed_take(void *context, const struct feed_line *line);

struct feed {
	feed_take *take;
	void *context;
	uint64_t number;
	bool only_domains; /* lines that do not begin with a "=" are passed over */
	bool as_text;   /* another kind of list: lines are FEED_TEXT, not users and domains */
	bool long_line; /* longer than buffer */
	size_t used;
	char buffer[FEED_LINE_MAX + 1]; /* with a CR */
};

void feed_start(struct feed *feed, feed_take *take, void *context);

/* Both return 0, or what take returned. feed_end takes a last line that has no end. */
int feed_push(struct feed *feed, const char *bytes, size_t len);
int feed_end(struct feed *feed);

#endif
