/*
 * A server as an administrator writes it: an address or the name of a host. And this host
 * itself: its own addresses, so that a backup never asks itself, and its full name.
 */
#ifndef DOOR_HOST_H
#define DOOR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/domain.h"
#include "base/record.h"

/*
 * Reads an IPv4 address, an IPv6 address (brackets around it are fine; an IPv4-mapped one
 * becomes IPv4) or a host name. Returns NULL and either the address, with port 0, and name "",
 * or the normalised name and family 0; else why it is none of them: a constant text.
 */
const char *host_parse(
    struct record_server *address, char name[DOMAIN_SIZE], const char *bytes, size_t len);

/* Takes over an address from the resolver. Returns false for one that no server can have. */
bool host_from_sockaddr(struct record_server *address, const struct sockaddr *from);

/* Why no server can have this address, or NULL. */
const char *host_address_refused(const struct record_server *address);

/* Orders addresses: IPv4 first, then by number; ports do not count. */
int host_compare(const struct record_server *a, const struct record_server *b);

struct host_self {
	struct record_server *addresses;
	size_t count;
};

/* Finds the addresses of this host's interfaces. Returns 0, or -1 with errno. */
int host_self_load(struct host_self *self);
void host_self_free(struct host_self *self);

/* Is this an address of this host? The loopback addresses always are. */
bool host_is_self(const struct host_self *self, const struct record_server *address);

/* This host's name as the system has it, and its full name as far as it can be found. */
void host_name(char name[SETTINGS_HOST_SIZE]);
void host_full_name(char name[SETTINGS_HOST_SIZE]);

/* Is this fit for HELO (RFC 5321 4.1.1.1): a full host name or an address literal? */
bool host_helo_is_full(const char *helo);

#endif
