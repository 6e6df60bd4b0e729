/*
 * All servers that are in a map, each once, with the ports at which they are used.
 */
#ifndef ROUTE_BACKENDS_H
#define ROUTE_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "map.h"

/*
 * Reads the whole map and calls take for each server of each route, with port 0 where it has none, until
 * that returns other than 0. Returns 0, or -1 with errno; that of take, if it made an end of it.
 */
typedef int backends_take(void *context, const struct record_server *server);
int backends_each(struct map *map, backends_take *take, void *context);

struct backends {
	struct record_server *servers;
	size_t count, room;
};

/*
 * Reads the whole map. A server without a port is there with that of each protocol, or with that of
 * the given one ("imap", "pop3") alone. Returns 0, or -1 with errno.
 */
int backends_load(struct backends *backends, struct map *map, const char *protocol);
void backends_free(struct backends *backends);

#endif
