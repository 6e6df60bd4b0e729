#include "route.h"

#include <string.h>

#include "base/cursor.h"
#include "loginpattern.h"

#define VERSION 1

/* No byte of it can end a line of a protocol. */
static void
get_text(struct cursor *c, char *text, size_t size)
{
	size_t len = cursor_get_number(c, 1);
	const unsigned char *bytes = cursor_get(c, len);

	text[0] = '\0';
	if (bytes == NULL || len >= size) {
		c->bad = true;
		return;
	}
	for (size_t i = 0; i < len; i++)
		if (bytes[i] < ' ' || bytes[i] == 0x7f)
			c->bad = true;
	memcpy(text, bytes, len);
	text[len] = '\0';
}

static size_t
address_len(unsigned family)
{
	return family == 4 ? 4 : family == 6 ? 16 : 0;
}

static void
put_route(struct cursor *c, const struct route *route)
{
	cursor_put_text(c, route->entry);
	cursor_put_text(c, route->login);
	cursor_put_text(c, route->secret);
	if (route->count == 0 || route->count > ROUTE_SERVERS_MAX)
		c->bad = true;
	cursor_put_number(c, (uint32_t)route->count, 1);
	for (size_t i = 0; !c->bad && i < route->count; i++) {
		const struct route_server *server = &route->servers[i];

		cursor_put_text(c, server->host);
		cursor_put_text(c, server->source);
		cursor_put_number(c, server->address.family, 1);
		cursor_put(c, server->address.address, address_len(server->address.family));
		cursor_put_number(c, server->address.port, 2);
	}
}

static void
get_server(struct cursor *c, struct route_server *server)
{
	const unsigned char *bytes;
	size_t len;

	memset(&server->address, 0, sizeof(server->address));
	get_text(c, server->host, sizeof(server->host));
	get_text(c, server->source, sizeof(server->source));
	server->address.family = (uint8_t)cursor_get_number(c, 1);
	len = address_len(server->address.family);
	if (len == 0 && server->address.family != 0)
		c->bad = true;
	if ((bytes = cursor_get(c, len)) != NULL)
		memcpy(server->address.address, bytes, len);
	server->address.port = (uint16_t)cursor_get_number(c, 2);
	if (server->host[0] == '\0')
		c->bad = true;
}

static void
get_route(struct cursor *c, struct route *route)
{
	bool various;

	memset(route, 0, offsetof(struct route, servers));
	get_text(c, route->entry, sizeof(route->entry));
	get_text(c, route->login, sizeof(route->login));
	get_text(c, route->secret, sizeof(route->secret));
	route->count = cursor_get_number(c, 1);
	if (route->count == 0 || route->count > ROUTE_SERVERS_MAX ||
	    !loginpattern_good(route->login, &various))
		c->bad = true;
	for (size_t i = 0; !c->bad && i < route->count; i++)
		get_server(c, &route->servers[i]);
}

size_t
route_make(unsigned char *out, size_t size, const struct route *route)
{
	struct cursor c = {.out = out, .left = size};

	cursor_put_number(&c, VERSION, 1);
	put_route(&c, route);
	return cursor_made(&c, size);
}

int
route_parse(struct route *route, const unsigned char *value, size_t len)
{
	struct cursor c = {.in = value, .left = len};

	if (cursor_get_number(&c, 1) != VERSION)
		c.bad = true;
	get_route(&c, route);
	return cursor_parsed(&c);
}

size_t
route_make_range(
    unsigned char *out, size_t size, const struct route_range *range, const struct route *route)
{
	struct cursor c = {.out = out, .left = size};

	cursor_put_number(&c, VERSION, 1);
	cursor_put_text(&c, range->first);
	cursor_put_text(&c, range->last);
	put_route(&c, route);
	return cursor_made(&c, size);
}

int
route_parse_range(
    struct route_range *range, struct route *route, const unsigned char *value, size_t len)
{
	struct cursor c = {.in = value, .left = len};

	if (cursor_get_number(&c, 1) != VERSION)
		c.bad = true;
	get_text(&c, range->first, sizeof(range->first));
	get_text(&c, range->last, sizeof(range->last));
	if (strlen(range->first) != strlen(range->last) ||
	    strcmp(range->first, range->last) > 0)
		c.bad = true;
	get_route(&c, route);
	return cursor_parsed(&c);
}

size_t
route_make_index(unsigned char *out, size_t size, const struct route_index *index)
{
	struct cursor c = {.out = out, .left = size};

	cursor_put_number(&c, VERSION, 1);
	for (size_t i = 0; i < index->count; i++) {
		cursor_put_number(&c, index->lengths[i].length, 1);
		cursor_put_number(&c, index->lengths[i].ranges, 4);
	}
	return cursor_made(&c, size);
}

int
route_parse_index(struct route_index *index, const unsigned char *value, size_t len)
{
	struct cursor c = {.in = value, .left = len};

	memset(index, 0, sizeof(*index));
	if (cursor_get_number(&c, 1) != VERSION)
		c.bad = true;
	while (!c.bad && c.left > 0) {
		size_t i = index->count;

		if (i == ROUTE_LENGTHS_MAX) {
			c.bad = true;
			break;
		}
		index->lengths[i].length = (uint8_t)cursor_get_number(&c, 1);
		index->lengths[i].ranges = cursor_get_number(&c, 4);
		if (i > 0 && index->lengths[i].length >= index->lengths[i - 1].length)
			c.bad = true;
		index->count++;
	}
	return cursor_parsed(&c);
}

size_t
route_range_key(
    unsigned char key[ROUTE_KEY_SIZE], const char *domain, uint8_t length, uint32_t number)
{
	struct cursor c = {.out = key, .left = ROUTE_KEY_SIZE};

	cursor_put(&c, "r", 1);
	cursor_put_number(&c, length, 1);
	cursor_put_number(&c, number, 4);
	cursor_put(&c, domain, strlen(domain));
	return cursor_made(&c, ROUTE_KEY_SIZE);
}

bool
route_same_server(const struct record_server *a, const struct record_server *b)
{
	return a->family == b->family && a->port == b->port &&
	    memcmp(a->address, b->address, address_len(a->family)) == 0;
}

void
route_set_port(struct route *route, uint16_t port)
{
	for (size_t i = 0; i < route->count; i++)
		if (route->servers[i].address.port == 0)
			route->servers[i].address.port = port;
}
