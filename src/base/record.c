#include "record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cursor.h"

static void
get_bytes(struct cursor *c, void *bytes, size_t len)
{
	const unsigned char *from = cursor_get(c, len);

	if (from == NULL)
		memset(bytes, 0, len);
	else
		memcpy(bytes, from, len);
}

static void
get_name(struct cursor *c, char name[RECORD_NAME_SIZE])
{
	size_t len = cursor_get_number(c, 1);

	if (len >= RECORD_NAME_SIZE) {
		c->bad = true;
		len = 0;
	}
	get_bytes(c, name, len);
	name[len] = '\0';
	if (strlen(name) != len)
		c->bad = true;
}

static size_t
address_len(unsigned family)
{
	return family == 4 ? 4 : 16;
}

static void
put_address(struct cursor *c, const struct record_server *server)
{
	cursor_put_number(c, server->family, 1);
	cursor_put(c, server->address, address_len(server->family));
}

static void
get_address(struct cursor *c, struct record_server *server)
{
	memset(server, 0, sizeof(*server));
	server->family = (uint8_t)cursor_get_number(c, 1);
	if (server->family != 4 && server->family != 6)
		c->bad = true;
	get_bytes(c, server->address, address_len(server->family));
}

size_t
record_make(unsigned char *out, size_t size, const struct record *record)
{
	struct cursor c = {.out = out, .left = size};
	size_t used;

	if (record->server_count > RECORD_SERVERS_MAX)
		return 0;
	cursor_put_number(&c, RECORD_VERSION, 1);
	cursor_put_number(&c, record->flags, 1);
	cursor_put_text(&c, record->ask_domain);
	cursor_put_text(&c, record->main_name);
	if (c.bad || (used = settings_make(c.out, c.left, &record->settings)) == 0)
		return 0;
	c.out += used;
	c.left -= used;
	cursor_put_number(&c, (uint32_t)record->server_count, 1);
	for (size_t i = 0; i < record->server_count; i++) {
		const struct record_server *server = &record->servers[i];

		put_address(&c, server);
		cursor_put_number(&c, server->port, 2);
	}
	return cursor_made(&c, size);
}

int
record_parse(struct record *record, const unsigned char *value, size_t len)
{
	struct cursor c = {.in = value, .left = len};
	size_t used;

	if (cursor_get_number(&c, 1) != RECORD_VERSION)
		c.bad = true;
	record->flags = cursor_get_number(&c, 1);
	get_name(&c, record->ask_domain);
	get_name(&c, record->main_name);
	if (c.bad || (used = settings_parse(&record->settings, c.in, c.left)) == 0) {
		errno = EPROTO;
		return -1;
	}
	c.in += used;
	c.left -= used;
	record->server_count = cursor_get_number(&c, 1);
	if (record->server_count > RECORD_SERVERS_MAX)
		c.bad = true;
	for (size_t i = 0; i < record->server_count && !c.bad; i++) {
		struct record_server *server = &record->servers[i];

		get_address(&c, server);
		server->port = (uint16_t)cursor_get_number(&c, 2);
	}
	return cursor_parsed(&c);
}

bool
record_list_decides(const struct record *record)
{
	return (record->flags & RECORD_LOCAL) != 0 &&
	    ((record->flags & RECORD_ASK) == 0 || record->settings.local_then_callout == 0);
}

size_t
record_make_addresses(
    unsigned char *out, size_t size, const struct record_server *servers, size_t count)
{
	struct cursor c = {.out = out, .left = size};

	if (count > RECORD_SERVERS_MAX)
		return 0;
	cursor_put_number(&c, (uint32_t)count, 1);
	for (size_t i = 0; i < count; i++)
		put_address(&c, &servers[i]);
	return cursor_made(&c, size);
}

int
record_parse_addresses(struct record_server servers[RECORD_SERVERS_MAX], size_t *count,
    const unsigned char *value, size_t len)
{
	struct cursor c = {.in = value, .left = len};

	*count = cursor_get_number(&c, 1);
	if (*count > RECORD_SERVERS_MAX)
		c.bad = true;
	for (size_t i = 0; i < *count && !c.bad; i++)
		get_address(&c, &servers[i]);
	return cursor_parsed(&c);
}

size_t
record_user_key(char key[RECORD_USER_KEY_SIZE], char type, const char *local, size_t len,
    const char *domain)
{
	size_t domain_len = strnlen(domain, ADDRESS_DOMAIN_MAX), used = 0;

	key[used++] = type;
	for (size_t i = 0; i < len && i < ADDRESS_LOCAL_MAX; i++)
		key[used++] =
		    (char)(local[i] >= 'A' && local[i] <= 'Z' ? local[i] | 0x20 : local[i]);
	key[used++] = '@';
	memcpy(key + used, domain, domain_len);
	return used + domain_len;
}

void
record_server_text(char text[RECORD_SERVER_TEXT], const struct record_server *server)
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(server->family == 4 ? AF_INET : AF_INET6, server->address, address,
	    sizeof(address));
	snprintf(text, RECORD_SERVER_TEXT, server->family == 4 ? "%s:%u" : "[%s]:%u", address,
	    (unsigned)server->port);
}
