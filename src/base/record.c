#include "record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* A cursor over the bytes that are made or parsed; short is sticky. */
struct cursor {
	unsigned char *out;
	const unsigned char *in;
	size_t left;
	bool bad;
};

static void
put(struct cursor *c, const void *bytes, size_t len)
{
	if (c->bad || len > c->left) {
		c->bad = true;
		return;
	}
	memcpy(c->out, bytes, len);
	c->out += len;
	c->left -= len;
}

static void
put_byte(struct cursor *c, unsigned byte)
{
	unsigned char b = (unsigned char)byte;

	put(c, &b, 1);
}

static void
put_name(struct cursor *c, const char *name)
{
	put_byte(c, (unsigned)strlen(name));
	put(c, name, strlen(name));
}

static void
get(struct cursor *c, void *bytes, size_t len)
{
	if (c->bad || len > c->left) {
		c->bad = true;
		memset(bytes, 0, len);
		return;
	}
	memcpy(bytes, c->in, len);
	c->in += len;
	c->left -= len;
}

static unsigned
get_byte(struct cursor *c)
{
	unsigned char b;

	get(c, &b, 1);
	return b;
}

static void
get_name(struct cursor *c, char name[RECORD_NAME_SIZE])
{
	size_t len = get_byte(c);

	if (len >= RECORD_NAME_SIZE) {
		c->bad = true;
		len = 0;
	}
	get(c, name, len);
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
	put_byte(c, server->family);
	put(c, server->address, address_len(server->family));
}

static void
get_address(struct cursor *c, struct record_server *server)
{
	memset(server, 0, sizeof(*server));
	server->family = (uint8_t)get_byte(c);
	if (server->family != 4 && server->family != 6)
		c->bad = true;
	get(c, server->address, address_len(server->family));
}

size_t
record_make(unsigned char *out, size_t size, const struct record *record)
{
	struct cursor c = {.out = out, .left = size};
	size_t used;

	if (record->server_count > RECORD_SERVERS_MAX)
		return 0;
	put_byte(&c, RECORD_VERSION);
	put_byte(&c, record->flags);
	put_name(&c, record->ask_domain);
	put_name(&c, record->main_name);
	if (c.bad || (used = settings_make(c.out, c.left, &record->settings)) == 0)
		return 0;
	c.out += used;
	c.left -= used;
	put_byte(&c, (unsigned)record->server_count);
	for (size_t i = 0; i < record->server_count; i++) {
		const struct record_server *server = &record->servers[i];

		put_address(&c, server);
		put_byte(&c, server->port >> 8);
		put_byte(&c, server->port & 0xff);
	}
	return c.bad ? 0 : size - c.left;
}

int
record_parse(struct record *record, const unsigned char *value, size_t len)
{
	struct cursor c = {.in = value, .left = len};
	size_t used;

	if (get_byte(&c) != RECORD_VERSION)
		c.bad = true;
	record->flags = get_byte(&c);
	get_name(&c, record->ask_domain);
	get_name(&c, record->main_name);
	if (c.bad || (used = settings_parse(&record->settings, c.in, c.left)) == 0) {
		errno = EPROTO;
		return -1;
	}
	c.in += used;
	c.left -= used;
	record->server_count = get_byte(&c);
	if (record->server_count > RECORD_SERVERS_MAX)
		c.bad = true;
	for (size_t i = 0; i < record->server_count && !c.bad; i++) {
		struct record_server *server = &record->servers[i];

		get_address(&c, server);
		server->port = (uint16_t)(get_byte(&c) << 8);
		server->port |= (uint16_t)get_byte(&c);
	}
	if (c.bad || c.left > 0) {
		errno = EPROTO;
		return -1;
	}
	return 0;
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
	put_byte(&c, (unsigned)count);
	for (size_t i = 0; i < count; i++)
		put_address(&c, &servers[i]);
	return c.bad ? 0 : size - c.left;
}

int
record_parse_addresses(struct record_server servers[RECORD_SERVERS_MAX], size_t *count,
    const unsigned char *value, size_t len)
{
	struct cursor c = {.in = value, .left = len};

	*count = get_byte(&c);
	if (*count > RECORD_SERVERS_MAX)
		c.bad = true;
	for (size_t i = 0; i < *count && !c.bad; i++)
		get_address(&c, &servers[i]);
	if (c.bad || c.left > 0) {
		errno = EPROTO;
		return -1;
	}
	return 0;
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
