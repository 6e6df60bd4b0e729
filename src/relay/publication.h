/*
 * relay.cdb and, if they are wanted, the rules for tcpserver (relayrules.h), made anew of all rows of
 * relay.db that are fresh. Each replaces the one before as a whole.
 */
#ifndef RELAY_PUBLICATION_H
#define RELAY_PUBLICATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdbwriter.h"
#include "relaydb.h"
#include "relayrules.h"

#define PUBLICATION_RULES "relay/tcp.smtp.cdb" /* below the home */

struct publication {
	/* the caller's */
	const char *home;
	int folder;             /* relay in it */
	const char *rules_base; /* of tcprules; "" for none; NULL: no rules are to be made */
	/* A row is left out: its address is whatever somebody wrote. NULL: nobody wants to know. */
	void (*odd)(void *context, const char *address, const char *why);
	void (*trouble)(void *context, const char *what, const char *reason);
	void *context;

	/* what came of it */
	uint64_t count; /* of addresses */
	int64_t first;  /* that expires, in seconds since 1970; 0 if none does */

	/* its own */
	struct cdbwriter writer;
	struct relayrules rules;
	bool has_rules;
};

/*
 * Returns 0: relay.cdb is there. -1: it is the one before, and the trouble was told. Trouble with the
 * rules is told too, but does not hold up the rest.
 */
int publication_make(struct publication *publication, struct relaydb *db, int64_t now);

#endif
