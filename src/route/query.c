#include "query.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"

#define BUDGET 10000 /* ms for all servers of a user */

/* Why the server that is given was not found to live. */
static const char *
remembered(struct query *query, const struct record_server *server)
{
	struct livefile_record record;

	if (server->family == 0)
		return "unknown";
	switch (live_remembered(&query->live, server, live_time(), &record)) {
	case LIVEFILE_DOWN:
		return "down";
	case LIVEFILE_DEAD:
		return "dead";
	case LIVEFILE_NOTHING:
		break;
	}
	return "unknown";
}

/* The first that is not known to be dead or down. */
static void
choose_by_memory(struct query *query, struct query_found *found)
{
	struct live_choice choice;
	size_t server;

	live_start(&choice, NULL, &found->route, &query->map.settings);
	found->server = choice.chosen;
	for (server = 0; server < found->route.count; server++) {
		found->liveness = remembered(query, &found->route.servers[server].address);
		if (found->route.servers[server].address.family != 0 &&
		    strcmp(found->liveness, "unknown") == 0) {
			found->server = server;
			return;
		}
	}
	found->liveness = remembered(query, &found->route.servers[found->server].address);
}

static void
choose(struct query *query, struct query_found *found)
{
	const struct record_server *server;
	int64_t deadline = deadline_now() + BUDGET;
	bool lives;

	found->server =
	    live_choose(&query->live, &found->route, &query->map.settings, deadline, &lives);
	server = &found->route.servers[found->server].address;
	found->liveness = "yes";
	if (lives)
		return;
	found->liveness = remembered(query, server);
	if (strcmp(found->liveness, "down") == 0 || server->family == 0)
		return;
	switch (live_ask(server, &query->map.settings, deadline)) {
	case LIVE_YES:
		found->liveness = "yes";
		break;
	case LIVE_NO:
		found->liveness = "no";
		break;
	case LIVE_CANNOT:
		break;
	}
}

int
query_find(struct query *query, const char *user, size_t len, struct query_found *found)
{
	int result = map_find(&query->map, user, len, &found->route);

	if (result != 1)
		return result;
	route_set_port(&found->route, map_port(&query->map, query->protocol));
	if (query->memory_only)
		choose_by_memory(query, found);
	else
		choose(query, found);
	return 1;
}

/* As record_server_text, without the port and its brackets. */
static void
address_text(char text[RECORD_SERVER_TEXT], const struct record_server *server)
{
	record_server_text(text, server);
	*strrchr(text, ':') = '\0';
	if (text[0] == '[') {
		size_t len = strlen(text);

		memmove(text, text + 1, len);
		text[len - 2] = '\0';
	}
}

void
query_pairs(struct line *line, const struct query_found *found)
{
	static const char *const matches[] = {"address", "user", "range", "domain", "all"};
	const struct route_server *server = &found->route.servers[found->server];
	char address[RECORD_SERVER_TEXT] = "";

	if (server->address.family != 0)
		address_text(address, &server->address);
	line_start(line);
	line_pair(line, "login", found->route.login);
	line_pair(line, "server", server->host);
	if (strcmp(address, server->host) != 0)
		line_pair(line, "address", address);
	line_pair_number(line, "port", server->address.port);
	line_pair(line, "live", found->liveness);
	line_pair_number(line, "servers", (int64_t)found->route.count);
	line_pair(line, "match", matches[found->route.match]);
	line_pair(line, "entry", found->route.entry);
	line_pair(line, "secret", found->route.secret[0] == '\0' ? "no" : "yes");
	line_pair(line, "source", server->source);
}

static void
add_field(struct line *line, const char *text)
{
	line_add(line, "\t");
	line_add_foreign(line, text, strlen(text), ROUTE_TEXT_SIZE);
}

void
query_fields(struct line *line, const char *user, size_t len, const struct query_found *found)
{
	const struct route_server *server;

	line_start(line);
	line_add_foreign(line, user, len, ROUTE_TEXT_SIZE);
	if (found == NULL) {
		line_add(line, "\t-\t-\t-\tnone\t-");
		return;
	}
	server = &found->route.servers[found->server];
	add_field(line, found->route.login);
	add_field(line, server->host);
	line_add(line, "\t");
	line_add_number(line, server->address.port);
	add_field(line, found->liveness);
	add_field(line, server->source);
}

/* Takes the port off. Returns it, 0 for none, or -1. */
static long
split_port(char *text)
{
	char *colon = strrchr(text, ':'), *end;
	long port;

	if (colon == NULL ||
	    (text[0] == '[' ? colon == text || colon[-1] != ']' : strchr(text, ':') != colon))
		return 0;
	port = strtol(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port < 1 || port > 65535)
		return -1;
	*colon = '\0';
	return port;
}

static bool
take_address(struct record_server *server, const struct sockaddr *from)
{
	memset(server, 0, sizeof(*server));
	if (from->sa_family == AF_INET) {
		server->family = 4;
		memcpy(server->address,
		    &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		server->family = 6;
		memcpy(server->address,
		    &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	}
	return server->family != 0;
}

size_t
query_servers(
    const char *text, struct record_server servers[QUERY_SERVERS_MAX], const char **why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all;
	char host[ROUTE_TEXT_SIZE];
	size_t len = strlen(text), count = 0;
	long port;
	int rc;

	*why = "must be host:port";
	if (len == 0 || len >= sizeof(host))
		return 0;
	memcpy(host, text, len + 1);
	if ((port = split_port(host)) == -1)
		return 0;
	len = strlen(host);
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		memmove(host, host + 1, len - 1);
	}
	if ((rc = getaddrinfo(host, NULL, &hints, &all)) != 0) {
		*why = gai_strerror(rc);
		return 0;
	}
	for (struct addrinfo *i = all; i != NULL; i = i->ai_next) {
		if (count == QUERY_SERVERS_MAX || !take_address(&servers[count], i->ai_addr))
			continue;
		servers[count++].port = (uint16_t)port;
	}
	freeaddrinfo(all);
	return count;
}
