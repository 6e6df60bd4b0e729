/*
 * The answers to nginx's mail proxy. It looks at nothing but headers, takes 1,024 bytes at most, and
 * ignores the HTTP status: who is not to be let in gets an Auth-Status. Pure.
 */
#ifndef DOOR_AUTHREPLY_H
#define DOOR_AUTHREPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authquestion.h"

#define AUTHREPLY_MAX 1024

enum authreply_kind {
	AUTHREPLY_TEMPORARY = 0,
	AUTHREPLY_WRONG,   /* user or password */
	AUTHREPLY_UNKNOWN, /* no such recipient */
	AUTHREPLY_FOREIGN, /* a recipient whose domain is not ours: no relay */
};

/*
 * A denial. From one attempt to the next the client waits longer; one that has had all its attempts is
 * disconnected. Returns the length.
 */
size_t authreply_deny(
    char out[AUTHREPLY_MAX], enum authreply_kind kind, const struct authquestion *question);

/* The seconds that the client waits for that denial; 0: it is disconnected. */
unsigned authreply_wait(const struct authquestion *question);

/* To what is no question of nginx's. */
size_t authreply_bad(char out[AUTHREPLY_MAX]);

struct authreply_route {
	const char *server; /* a numeric address, IPv6 without brackets */
	uint16_t port;
	const char *user; /* NULL or "": as the client gave it, and the next */
	const char *pass;
};

/* Can a header have this value? The blanks at both ends are none of it. */
bool authreply_is_value(const char *value);

/* Returns the length; 0 when it can't be told to nginx: it is too long, or would be misread. */
size_t authreply_route(char out[AUTHREPLY_MAX], const struct authreply_route *route);

#endif
