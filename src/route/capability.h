/*
 * Asks an IMAP or POP3 server what it can do, and finds what several of them have in common. No I/O
 * here: bytes go in, and what is to be sent comes out.
 */
#ifndef ROUTE_CAPABILITY_H
#define ROUTE_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>

#define CAPABILITY_MAX       96 /* of one server */
#define CAPABILITY_SIZE      64 /* of one, with its NUL */
#define CAPABILITY_LINE_MAX  4096
#define CAPABILITY_BYTES_MAX 65536 /* that a server may say */

enum capability_protocol { CAPABILITY_UNKNOWN, CAPABILITY_IMAP, CAPABILITY_POP3 };

struct capability_set {
	size_t count;
	char names[CAPABILITY_MAX]
		  [CAPABILITY_SIZE]; /* printable, without quotes and backslashes */
};

enum capability_state {
	CAPABILITY_GREETING, /* awaited; it tells the protocol */
	CAPABILITY_ANSWER,   /* awaited */
	CAPABILITY_LIST,     /* POP3: up to the "." */
	CAPABILITY_DONE,     /* all is known */
	CAPABILITY_FAILED,   /* see why */
};

struct capability {
	enum capability_state state;
	enum capability_protocol protocol;
	const char *send; /* what is to be sent now, or NULL; the caller takes it away */
	const char *why;
	struct capability_set set;
	size_t total, used;
	char line[CAPABILITY_LINE_MAX];
};

void capability_start(struct capability *capability);

/* Takes bytes from the server. */
void capability_push(struct capability *capability, const char *bytes, size_t len);

/* What a proxy must not promise for the server, since it does that itself or cannot do it. */
bool capability_is_of_proxy(enum capability_protocol protocol, const char *name);

/* Leaves in common what is in other too. */
void capability_intersect(struct capability_set *common, const struct capability_set *other);

#endif
