#include "sourceservers.h"

#include <stdlib.h>

/* A row of a name while its rows are brought into order. */
struct source_gathered {
	int64_t order;
	uint32_t row;
	uint32_t host;
	uint16_t port;
};

const struct record_server *
sourceservers_of_host(const struct source *source, uint32_t host, size_t *count)
{
	const struct source_host *of_host = &source->of_host[host];

	*count = 0;
	if (of_host->refused != NULL)
		return NULL;
	if (of_host->name == INTERN_NONE) {
		*count = 1;
		return &of_host->address;
	}
	*count = source->of_host_name[of_host->name].count;
	return source->of_host_name[of_host->name].servers;
}

static int
compare_gathered(const void *left, const void *right)
{
	const struct source_gathered *a = left, *b = right;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

/* Collects the rows of a name and sorts them; the number of them, or -1. */
static ssize_t
gather(struct source *source, uint32_t name)
{
	size_t count = 0;

	for (uint32_t i = source->of_name[name].row; i != INTERN_NONE;
	     i = source->rows[i].next) {
		struct source_gathered *gathered = array_room(
		    source->gathered, count, &source->gathered_room, sizeof(*source->gathered));
		struct source_server server = source_server(source, source->rows[i].server);

		if (gathered == NULL)
			return -1;
		source->gathered = gathered;
		gathered[count++] = (struct source_gathered){.order = server.order,
		    .row = i,
		    .host = server.host,
		    .port = (uint16_t)server.port};
	}
	if (count > 1)
		qsort(source->gathered, count, sizeof(*source->gathered), compare_gathered);
	return (ssize_t)count;
}

static bool
has_server(
    const struct record_server *servers, size_t count, const struct record_server *server)
{
	for (size_t i = 0; i < count; i++)
		if (servers[i].port == server->port && host_compare(&servers[i], server) == 0)
			return true;
	return false;
}

int
sourceservers_of_name(struct source *source, uint32_t name,
    struct record_server servers[RECORD_SERVERS_MAX], size_t *count, int64_t *rowid)
{
	ssize_t rows = gather(source, name);

	*count = 0;
	for (ssize_t i = 0; i < rows; i++) {
		const struct source_gathered *row = &source->gathered[i];
		size_t addresses;
		const struct record_server *address =
		    sourceservers_of_host(source, row->host, &addresses);

		for (size_t j = 0; j < addresses; j++) {
			struct record_server server = address[j];

			server.port = row->port;
			if (has_server(servers, *count, &server))
				continue;
			if (*count == RECORD_SERVERS_MAX) {
				*rowid = source->rows[row->row].rowid;
				return 1;
			}
			servers[(*count)++] = server;
		}
	}
	return rows == -1 ? -1 : 0;
}
