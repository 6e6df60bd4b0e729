#include "ports.h"

#include <errno.h>
#include <string.h>

#include "backends.h"
#include "base/cdbwalk.h"

#define SMTP_PORT 25

bool
ports_has(const struct ports *ports, uint16_t port)
{
	return (ports->seen[port / 8] >> port % 8 & 1) != 0;
}

static void
add(struct ports *ports, uint16_t port)
{
	if (port == 0 || ports_has(ports, port))
		return;
	ports->seen[port / 8] |= (unsigned char)(1 << port % 8);
	ports->count++;
}

static bool
is_address(const struct ports *ports, const struct record_server *server)
{
	return server->family != 0 && server->family == ports->server.family &&
	    memcmp(server->address, ports->server.address, sizeof(server->address)) == 0;
}

static int
take_route(void *context, const struct record_server *server)
{
	struct ports *ports = context;

	if (!is_address(ports, server))
		return 0;
	add(ports, SMTP_PORT);
	if (server->port != 0) {
		add(ports, server->port);
	} else {
		add(ports, ports->imap);
		add(ports, ports->pop3);
	}
	return 0;
}

int
ports_start(struct ports *ports, struct map *map, const struct record_server *server)
{
	memset(ports, 0, sizeof(*ports));
	ports->server = *server;
	if (map_refresh(map) == -1)
		return -1;
	ports->imap = map_port(map, "imap");
	ports->pop3 = map_port(map, "pop3");
	return backends_each(map, take_route, ports);
}

static int
take_domain(void *context, const struct cdbfile_record *bytes)
{
	struct ports *ports = context;
	struct record record;

	if (bytes->key_len == 0 || bytes->key[0] != RECORD_KEY_DOMAIN)
		return 0;
	if (record_parse(&record, bytes->value, bytes->len) == -1)
		return 1;
	for (size_t i = 0; i < record.server_count; i++)
		if (is_address(ports, &record.servers[i]))
			add(ports, record.servers[i].port);
	return 0;
}

int
ports_add_domains(struct ports *ports, const char *path)
{
	struct cdbfile file;
	int walked, error;

	if (cdbfile_open(&file, path) == -1)
		return -1;
	walked = cdbwalk(&file, take_domain, ports);
	error = walked == 1 ? EPROTO : errno;
	cdbfile_close(&file);
	errno = error;
	return walked == 0 ? 0 : -1;
}
