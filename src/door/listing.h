/*
 * One address of a list of users, wherever the list comes from.
 */
#ifndef DOOR_LISTING_H
#define DOOR_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

enum listing_kind {
	LISTING_USER,
	LISTING_PREFIX, /* joe-*@domain: all users who begin like this; local is "joe-" */
	LISTING_ALL,    /* @domain or *@domain: a catch-all */
};

struct listing {
	enum listing_kind kind;
	char local[ADDRESS_LOCAL_MAX]; /* as written, without quotes */
	size_t local_len;
	const char
	    *domain; /* points into the text; is no control bytes, but may be no domain */
	size_t domain_len;
};

/*
 * Reads user@domain, @domain, user-*@domain; the user may be written in quotes, and must be with blanks
 * and the like (RFC 5321 4.1.2). Where it is literal, a "*" and all else stand for themselves. Returns NULL, or why the text is none of these: a constant
 * text that reads well behind "local_users: rowid 3: address: 'x': ".
 */
const char *listing_parse(struct listing *listing, const char *text, size_t len, bool literal);

#endif
