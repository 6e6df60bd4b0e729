#include "backends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cdbwalk.h"

struct walker {
	backends_take *take;
	void *context;
};

/* What is loaded, and how. */
struct loader {
	struct backends *backends;
	struct map *map;
	const char *protocol;
};

static bool
has(const struct backends *backends, const struct record_server *server)
{
	for (size_t i = 0; i < backends->count; i++)
		if (route_same_server(&backends->servers[i], server))
			return true;
	return false;
}

static int
add(struct backends *backends, const struct record_server *server, uint16_t port)
{
	struct record_server one, *servers;

	memset(&one, 0, sizeof(one));
	one.family = server->family;
	memcpy(one.address, server->address, sizeof(one.address));
	one.port = port;
	if (port == 0 || one.family == 0 || has(backends, &one))
		return 0;
	if (backends->count == backends->room) {
		size_t room = backends->room == 0 ? 16 : 2 * backends->room;

		servers = realloc(backends->servers, room * sizeof(*servers));
		if (servers == NULL)
			return -1;
		backends->servers = servers;
		backends->room = room;
	}
	backends->servers[backends->count++] = one;
	return 0;
}

static int
add_server(void *context, const struct record_server *server)
{
	struct loader *loader = context;
	struct backends *backends = loader->backends;

	if (server->port != 0)
		return add(backends, server, server->port);
	if (loader->protocol != NULL)
		return add(backends, server, map_port(loader->map, loader->protocol));
	return add(backends, server, map_port(loader->map, "imap")) == -1
	    ? -1
	    : add(backends, server, map_port(loader->map, "pop3"));
}

static int
take_record(void *arg, const struct cdbfile_record *record)
{
	struct walker *walker = arg;
	struct route_range range;
	struct route route;
	int parsed;

	if (record->key_len == 0 ||
	    (record->key_len == CDBFILE_MARK_LEN &&
		memcmp(record->key, CDBFILE_MARK, CDBFILE_MARK_LEN) == 0))
		return 0;
	switch (record->key[0]) {
	case 'u':
	case 'd':
	case 'a':
		parsed = route_parse(&route, record->value, record->len);
		break;
	case 'r':
		parsed = route_parse_range(&range, &route, record->value, record->len);
		break;
	default:
		return 0;
	}
	for (size_t i = 0; parsed == 0 && i < route.count; i++)
		if (walker->take(walker->context, &route.servers[i].address) != 0)
			return 1;
	return parsed == 0 ? 0 : 1;
}

int
backends_each(struct map *map, backends_take *take, void *context)
{
	struct walker walker = {take, context};
	int walked;

	if (map_refresh(map) == -1)
		return -1;
	errno = 0;
	walked = cdbwalk(&map->file, take_record, &walker);
	if (walked == 0)
		return 0;
	if (walked == 1)
		errno = errno == ENOMEM ? ENOMEM : EPROTO;
	return -1;
}

int
backends_load(struct backends *backends, struct map *map, const char *protocol)
{
	struct loader loader = {backends, map, protocol};

	memset(backends, 0, sizeof(*backends));
	return backends_each(map, add_server, &loader);
}

void
backends_free(struct backends *backends)
{
	free(backends->servers);
	memset(backends, 0, sizeof(*backends));
}
