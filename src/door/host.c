#include "host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291 2.5.5.2 */
static const unsigned char zeros[16];

static void
set_address(struct record_server *address, int family, const void *bytes)
{
	memset(address, 0, sizeof(*address));
	if (family == AF_INET6 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		bytes = (const unsigned char *)bytes + sizeof(mapped);
	}
	address->family = family == AF_INET ? 4 : 6;
	memcpy(address->address, bytes, family == AF_INET ? 4 : 16);
}

const char *
host_address_refused(const struct record_server *address)
{
	const unsigned char *a = address->address;

	if (memcmp(a, zeros, address->family == 4 ? 4 : 16) == 0)
		return "is the unspecified address, no server has it";
	if (address->family == 4 && a[0] >= 224 && a[0] <= 239)
		return "is a multicast address, no server has it";
	if (address->family == 4 && memcmp(a, "\xff\xff\xff\xff", 4) == 0)
		return "is the broadcast address, no server has it";
	if (address->family == 6 && a[0] == 0xff)
		return "is a multicast address, no server has it";
	return NULL;
}

const char *
host_parse(struct record_server *address, char name[DOMAIN_SIZE], const char *bytes, size_t len)
{
	static const char neither[] = "neither an address nor a host name";
	unsigned char binary[16];
	char text[INET6_ADDRSTRLEN];
	bool bracket = len >= 2 && bytes[0] == '[' && bytes[len - 1] == ']';

	name[0] = '\0';
	memset(address, 0, sizeof(*address));
	if (bracket) {
		bytes++;
		len -= 2;
	}
	if (len < sizeof(text) && memchr(bytes, '\0', len) == NULL) {
		memcpy(text, bytes, len);
		text[len] = '\0';
		if (inet_pton(AF_INET, text, binary) == 1)
			set_address(address, AF_INET, binary);
		else if (inet_pton(AF_INET6, text, binary) == 1)
			set_address(address, AF_INET6, binary);
		if (address->family != 0)
			return host_address_refused(address);
	}
	if (bracket || domain_normalise(name, bytes, len) != NULL || domain_is_numeric(name)) {
		name[0] = '\0';
		return neither;
	}
	return NULL;
}

bool
host_from_sockaddr(struct record_server *address, const struct sockaddr *from)
{
	switch (from->sa_family) {
	case AF_INET:
		set_address(address, AF_INET,
		    &((const struct sockaddr_in *)(const void *)from)->sin_addr);
		break;
	case AF_INET6:
		set_address(address, AF_INET6,
		    &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr);
		break;
	default:
		return false;
	}
	return host_address_refused(address) == NULL;
}

int
host_compare(const struct record_server *a, const struct record_server *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->address, b->address, sizeof(a->address));
}

int
host_self_load(struct host_self *self)
{
	struct ifaddrs *all;
	size_t count = 0;

	self->addresses = NULL;
	self->count = 0;
	if (getifaddrs(&all) == -1)
		return -1;
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		count++;
	if (count > 0 && (self->addresses = calloc(count, sizeof(*self->addresses))) == NULL) {
		freeifaddrs(all);
		return -1;
	}
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		if (i->ifa_addr != NULL &&
		    host_from_sockaddr(&self->addresses[self->count], i->ifa_addr))
			self->count++;
	freeifaddrs(all);
	return 0;
}

void
host_self_free(struct host_self *self)
{
	free(self->addresses);
	self->addresses = NULL;
	self->count = 0;
}

bool
host_is_self(const struct host_self *self, const struct record_server *address)
{
	static const unsigned char loopback[16] = {[15] = 1};

	if (address->family == 4 ? address->address[0] == 127
				 : memcmp(address->address, loopback, sizeof(loopback)) == 0)
		return true;
	for (size_t i = 0; i < self->count; i++)
		if (host_compare(address, &self->addresses[i]) == 0)
			return true;
	return false;
}

void
host_name(char name[SETTINGS_HOST_SIZE])
{
	char text[SETTINGS_HOST_SIZE] = "";

	/* A name that is cut has no NUL of its own. */
	if (gethostname(text, sizeof(text) - 1) == -1 || text[0] == '\0')
		strcpy(text, "localhost");
	memcpy(name, text, sizeof(text));
}

void
host_full_name(char name[SETTINGS_HOST_SIZE])
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
	struct addrinfo *info;
	char full[DOMAIN_SIZE];

	host_name(name);
	if (strchr(name, '.') != NULL || getaddrinfo(name, NULL, &hints, &info) != 0)
		return;
	if (info->ai_canonname != NULL &&
	    domain_normalise(full, info->ai_canonname, strlen(info->ai_canonname)) == NULL &&
	    domain_is_recipient(full))
		strcpy(name, full);
	freeaddrinfo(info);
}

bool
host_helo_is_full(const char *helo)
{
	char name[DOMAIN_SIZE];
	size_t len = strlen(helo);

	return (len > 2 && helo[0] == '[' && helo[len - 1] == ']') ||
	    domain_normalise_recipient(name, helo, len) == NULL;
}
