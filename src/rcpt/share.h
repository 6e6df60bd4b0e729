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

/* That of a name; NULL for lack of memory. Each call needs a share_drop. */
struct share *share_take(struct shares *shares, const char *name);

void share_drop(struct shares *shares, struct share *share);

#endif
