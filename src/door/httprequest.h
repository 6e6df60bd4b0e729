/*
 * An HTTP request of nginx's mail proxy, taken apart as its bytes come: a GET without a body, of
 * which only the headers say anything. Pure; nothing here reads or writes anything.
 *
 * It is strict where nginx is exact: lines end in CR LF, a bare CR or LF and a NUL are no part of
 * anything, and a header comes once. Some values are what a stranger has typed, and one of those
 * must never look like a header.
 */
#ifndef DOOR_HTTPREQUEST_H
#define DOOR_HTTPREQUEST_H

#include <stddef.h>

#define HTTPREQUEST_SIZE    16384 /* of line and headers; a certificate may be among them */
#define HTTPREQUEST_HEADERS 64

enum httprequest_state { HTTPREQUEST_MORE, HTTPREQUEST_WHOLE, HTTPREQUEST_BAD };

struct httpheader {
	const char *name, *value; /* in bytes */
	size_t name_len, len;
};

/* Starts as {0}, or by httprequest_clear. */
struct httprequest {
	enum httprequest_state state;
	const char *trouble; /* what is wrong, a constant text, when it is bad */
	size_t count;
	struct httpheader headers[HTTPREQUEST_HEADERS];

	/* its own, but for who reads into it */
	size_t len;  /* bytes that were read */
	size_t line; /* where the line begins that is not whole yet */
	size_t seen; /* up to where bytes were looked at */
	char bytes[HTTPREQUEST_SIZE];
};

void httprequest_clear(struct httprequest *request);

/* Where to read the next bytes to, and how many: never 0 as long as more are wanted. */
char *httprequest_room(struct httprequest *request, size_t *size);

/* So many came; 0: no more will. What follows the end of the request is not looked at. */
enum httprequest_state httprequest_take(struct httprequest *request, size_t len);

/* The header of this name, in whatever case; NULL: there is none. */
const struct httpheader *httprequest_find(const struct httprequest *request, const char *name);

/*
 * Undoes nginx's escapes, %XX, in a value. Returns the length, or -1 for a "%" that begins none, and
 * when it does not fit.
 */
long httprequest_unescape(char *out, size_t size, const struct httpheader *header);

#endif
