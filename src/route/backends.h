/*
 * All servers that are in a map, each once, with the ports at which they are used.
 */
#ifndef ROUTE_BACKENDS_H
#define ROUTE_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "map.h"

struct backends {
	struct record_server *servers;
	size_t count, room;
};

/*
 * Reads the whole map. A server without a port is there with that of each protocol, or with that of
 * the given one ("imap", "pop3") alone. Returns 0, or -1 with errno.
 */
int backends_load(struct backends *backends, struct map *map, const char *protocol);
bool backends_has(const struct backends *backends, const struct record_server *server);
void backends_free(struct backends *backends);

#endif
