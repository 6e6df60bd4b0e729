/*
 * Our lines in a file that an administrator edits too: a block between two marks. Pure.
 */
#ifndef DOOR_DELIVERYTEXT_H
#define DOOR_DELIVERYTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "intern.h"

/* Bytes that grow. Starts as {0}; bytes is to be freed. */
struct deliverytext {
	char *bytes;
	size_t len, room;
	bool failed; /* for want of memory; what follows is lost */
};

void deliverytext_add(struct deliverytext *text, const char *bytes, size_t len);
void deliverytext_string(struct deliverytext *text, const char *string);

struct deliverytext_split {
	size_t before,
	    after;    /* bytes in front of the block, and from where those behind it begin */
	size_t lines; /* in the block */
	struct intern
	    keys;     /* of the lines that are not ours, lower case, up to the first colon */
	bool for_all; /* one of these has nothing in front of its colon */
};

/*
 * Finds the block in what a file has; without one it is to come at the end. Returns NULL, or why it is
 * not clear where it is: a constant text. split->keys is to be freed in any case.
 */
const char *deliverytext_find(struct deliverytext_split *split, const char *bytes, size_t len);

/*
 * In smtproutes: has a line that is not ours a way for the domain, as qmail-remote looks? ".org" and "" fit,
 * too.
 */
bool deliverytext_routes(const struct deliverytext_split *split, const char *domain);

/* Puts a new block, which is lines, in the place of the old one. */
void deliverytext_merge(struct deliverytext *out, const struct deliverytext_split *split,
    const char *bytes, size_t len, const struct deliverytext *lines);

#endif
