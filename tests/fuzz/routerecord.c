/*
 * Any bytes as a record of routes.cdb, or of the file of dead servers: what is one can be made again
 * and is the same then, and no text of it can end a line.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cdbfile.h"
#include "route/livefile.h"
#include "route/loginpattern.h"
#include "route/route.h"
#include "route/routesettings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_text(const char *text, size_t size)
{
	check(strlen(text) < size);
	for (; *text != '\0'; text++)
		check((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void
check_route(struct route *route)
{
	static const char user[] = "joe@example.org";

	check(route->count >= 1 && route->count <= ROUTE_SERVERS_MAX);
	check_text(route->entry, sizeof(route->entry));
	check_text(route->login, sizeof(route->login));
	check_text(route->secret, sizeof(route->secret));
	for (size_t i = 0; i < route->count; i++) {
		const struct route_server *server = &route->servers[i];

		check_text(server->host, sizeof(server->host));
		check_text(server->source, sizeof(server->source));
		check(server->address.family == 0 || server->address.family == 4 ||
		    server->address.family == 6);
	}
	if (loginpattern_expand(route, user, sizeof(user) - 1) == 0)
		check_text(route->login, sizeof(route->login));
}

static void
check_settings_and_index(const uint8_t *data, size_t size)
{
	unsigned char again[256];
	struct routesettings settings;
	struct route_index index;

	if (routesettings_parse(&settings, data, size) == 0)
		check(routesettings_make(again, sizeof(again), &settings) == size &&
		    memcmp(again, data, size) == 0);
	if (route_parse_index(&index, data, size) == 0)
		check(route_make_index(again, sizeof(again), &index) == size &&
		    memcmp(again, data, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char value[CDBFILE_VALUE_MAX];
	static struct route route;
	struct livefile_record record;
	struct route_range range;

	if (size > sizeof(value))
		return 0;
	if (route_parse(&route, data, size) == 0) {
		check(route_make(value, sizeof(value), &route) == size &&
		    memcmp(value, data, size) == 0);
		check_route(&route);
	} else {
		check(errno == EPROTO);
	}
	if (route_parse_range(&range, &route, data, size) == 0) {
		check(strlen(range.first) == strlen(range.last));
		check(route_make_range(value, sizeof(value), &range, &route) == size &&
		    memcmp(value, data, size) == 0);
		check_route(&route);
	}
	check_settings_and_index(data, size);
	if (size >= LIVEFILE_RECORD && livefile_parse(&record, data)) {
		livefile_make(value, &record);
		check(memcmp(value, data, 8) == 0);
	}
	return 0;
}
