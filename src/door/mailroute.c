#include "mailroute.h"

#include <stdio.h>
#include <string.h>

#include "sourceservers.h"

#define ROWS_MAX 64 /* of one user */

/* The next row of a user: the smallest order behind the last one, then the first that came. */
static uint32_t
next_row(const struct mailboxes *mailboxes, uint32_t first, uint32_t last)
{
	const struct mailboxes_row *rows = mailboxes->rows;
	uint32_t best = INTERN_NONE;

	for (uint32_t i = first; i != INTERN_NONE; i = rows[i].next) {
		if (last != INTERN_NONE &&
		    (rows[i].order < rows[last].order ||
			(i <= last && rows[i].order == rows[last].order)))
			continue;
		if (best == INTERN_NONE || rows[i].order < rows[best].order)
			best = i;
	}
	return best;
}

static bool
has_server(const struct route *route, const struct route_server *server)
{
	for (size_t i = 0; i < route->count; i++)
		if (strcmp(route->servers[i].host, server->host) == 0 &&
		    route_same_server(&route->servers[i].address, &server->address))
			return true;
	return false;
}

/* Returns false when there is no room for one more. */
static bool
put_server(struct route *route, const struct route_server *server)
{
	if (has_server(route, server))
		return true;
	if (route->count == ROUTE_SERVERS_MAX)
		return false;
	route->servers[route->count++] = *server;
	return true;
}

/* All addresses of a row's host, or the host alone where it has none just now. */
static bool
put_row(const struct mailboxes *mailboxes, struct route *route, const struct mailboxes_row *row)
{
	const struct source *hosts = &mailboxes->hosts;
	const struct source_host *host = &hosts->of_host[row->host];
	struct route_server server;
	size_t count;
	const struct record_server *addresses = sourceservers_of_host(hosts, row->host, &count);

	memset(&server, 0, sizeof(server));
	if (host->name != INTERN_NONE) {
		snprintf(server.host, sizeof(server.host), "%s",
		    intern_text(&hosts->host_names, host->name));
	} else {
		char text[RECORD_SERVER_TEXT];
		size_t len;

		record_server_text(text, &host->address);
		*strrchr(text, ':') = '\0';
		len = strlen(text);
		if (text[0] == '[')
			snprintf(
			    server.host, sizeof(server.host), "%.*s", (int)len - 2, text + 1);
		else
			snprintf(server.host, sizeof(server.host), "%s", text);
	}
	snprintf(server.source, sizeof(server.source), "%s:%lld",
	    intern_text(&mailboxes->texts, row->list), (long long)row->number);
	server.address.port = row->port;
	if (count == 0)
		return put_server(route, &server);
	for (size_t i = 0; i < count; i++) {
		server.address = addresses[i];
		server.address.port = row->port;
		if (!put_server(route, &server))
			return false;
	}
	return true;
}

static void
put_text(const struct mailboxes *mailboxes, char out[ROUTE_TEXT_SIZE], uint32_t text)
{
	out[0] = '\0';
	if (text != INTERN_NONE)
		snprintf(out, ROUTE_TEXT_SIZE, "%s", intern_text(&mailboxes->texts, text));
}

const char *
mailroute_make(const struct mailboxes *mailboxes, uint32_t number, struct route *route)
{
	const struct mailboxes_user *user = &mailboxes->of_user[number];
	uint32_t row = INTERN_NONE;
	size_t rows = 0;

	memset(route, 0, offsetof(struct route, servers));
	put_text(mailboxes, route->entry, user->entry);
	put_text(mailboxes, route->login, user->login);
	put_text(mailboxes, route->secret, user->secret);
	while ((row = next_row(mailboxes, user->first, row)) != INTERN_NONE) {
		if (++rows > ROWS_MAX || !put_row(mailboxes, route, &mailboxes->rows[row]))
			return "has more than 16 servers, or they have more than 16 addresses, "
			       "or more than 64 rows";
	}
	return NULL;
}
