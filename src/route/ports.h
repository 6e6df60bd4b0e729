/*
 * At which ports the servers of one address are used: by the map, and by who passes mail on. Who says
 * that a host is down means all of them.
 */
#ifndef ROUTE_PORTS_H
#define ROUTE_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "map.h"

#define PORTS_DOMAINS "data/rcptcheck.cdb" /* below the home: the servers of domains */

struct ports {
	struct record_server server; /* whose port is left out */
	uint16_t imap, pop3;         /* those of the protocols */
	unsigned char seen[8192];    /* a bit for each port */
	size_t count;
};

/*
 * Reads the whole map: the ports of routes, those of the protocols where a route has none, and 25, to
 * which logins in SMTP go. Returns 0, or -1 with errno.
 */
int ports_start(struct ports *ports, struct map *map, const struct record_server *server);

/* Adds those of the servers of domains, from this file. Returns 0, or -1 with errno. */
int ports_add_domains(struct ports *ports, const char *path);

bool ports_has(const struct ports *ports, uint16_t port);

#endif
