/*
 * What routequery says of a user: his route, and which server of it is given.
 */
#ifndef ROUTE_QUERY_H
#define ROUTE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/line.h"
#include "live.h"
#include "map.h"

struct query {
	struct map map;
	struct livefile live;
	const char *protocol; /* "imap" or "pop3": whose port a server without one has */
	bool memory_only;     /* no server is connected to */
};

struct query_found {
	struct route route;
	size_t server;
	const char *liveness; /* "yes", "no", "down", "dead", "unknown" */
};

/* Returns 1, 0 or -1 with errno, as map_find. */
int query_find(struct query *query, const char *user, size_t len, struct query_found *found);

/* key=value, without the secret. */
void query_pairs(struct line *line, const struct query_found *found);

/* user, login, server, port, liveness, source: a tab between; not found (NULL): "-" and "none". */
void query_fields(
    struct line *line, const char *user, size_t len, const struct query_found *found);

/*
 * The servers that "host:port", "[address]:port" or either without a port stand for: numeric, or
 * looked up; port 0 without one. Returns how many there are, 0 with *why if none.
 */
#define QUERY_SERVERS_MAX 32
size_t query_servers(
    const char *text, struct record_server servers[QUERY_SERVERS_MAX], const char **why);

#endif
