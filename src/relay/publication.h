/*
 * relay.cdb, made anew of all rows of relay.db that are fresh. It replaces the one before as a whole.
 */
#ifndef RELAY_PUBLICATION_H
#define RELAY_PUBLICATION_H

#include <stdint.h>

#include "base/cdbwriter.h"
#include "relaydb.h"

struct publication {
	/* the caller's */
	const char *home;
	int folder; /* relay in it */
	/* A row is left out: its address is whatever somebody wrote. NULL: nobody wants to know. */
	void (*odd)(void *context, const char *address, const char *why);
	void (*trouble)(void *context, const char *what, const char *reason);
	void *context;

	/* what came of it */
	uint64_t count; /* of addresses */
	int64_t first;  /* that expires, in seconds since 1970; 0 if none does */

	/* its own */
	struct cdbwriter writer;
};

/* Returns 0: relay.cdb is there. -1: it is the one before, and the trouble was told. */
int publication_make(struct publication *publication, struct relaydb *db, int64_t now);

#endif
