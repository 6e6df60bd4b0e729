/*
 * Shares: how much each client, and each domain, has waiting and under way, so that none of them
 * gets more than its part.
 */
#ifndef RCPT_SHARE_H
#define RCPT_SHARE_H

#include <stddef.h>

#define SHARE_BUCKETS 1024

struct share {
	size_t waiting, asking; /* questions */
	void *data;             /* the caller's, from malloc; freed with the share */

	/* its own */
	size_t users;
	struct share *next;
	char name[];
};

struct shares {
	struct share *buckets[SHARE_BUCKETS];
};

/*
 * Whose share it is, from the client's IP address as text: an IPv4 address; of IPv6 the /64, the
 * network of one link, in which a single host has all addresses it wants. What is neither stays.
 */
#define SHARE_CLIENT_SIZE 56
void share_client(char name[SHARE_CLIENT_SIZE], const char *address);

/* That of a name; NULL for lack of memory. Each call needs a share_drop. */
struct share *share_take(struct shares *shares, const char *name);

void share_drop(struct shares *shares, struct share *share);

#endif
