/*
 * The peers whose PROXY header is believed: networks, and users at the other end of a Unix socket.
 */
#ifndef RELAY_PROXYPEERS_H
#define RELAY_PROXYPEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROXYPEERS_MAX 256

struct proxypeers {
	size_t network_count, user_count;
	struct proxypeers_network {
		uint8_t address[16]; /* IPv4 as IPv4-mapped */
		unsigned prefix;     /* of these 128 bits */
	} networks[PROXYPEERS_MAX];
	uid_t users[PROXYPEERS_MAX];
};

/*
 * Adds what is listed, with commas or blanks between: addresses, and networks such as 192.0.2.0/24
 * or 2001:db8::/32. Returns NULL, or why it can't be: a constant text that reads well behind the
 * list's name.
 */
const char *proxypeers_add(struct proxypeers *peers, const char *list);

/* Adds the numeric user ids that are listed. Returns as above. */
const char *proxypeers_add_users(struct proxypeers *peers, const char *list);

/* Adds what a file lists; "#" begins a comment. Returns as above. */
const char *proxypeers_add_file(struct proxypeers *peers, const char *path);

/* Is the address, an IPv4 or IPv6 text, of one of the networks? */
bool proxypeers_trusts(const struct proxypeers *peers, const char *address);
bool proxypeers_trusts_user(const struct proxypeers *peers, uid_t user);

#endif
