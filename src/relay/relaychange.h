/*
 * A change of relay.db that is under way: it waits for no lock, is undone as a whole, and moves all
 * logins along if somebody has set the clock.
 */
#ifndef RELAY_RELAYCHANGE_H
#define RELAY_RELAYCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "relayclock.h"
#include "relaydb.h"

struct relaychange {
	/* the caller's */
	struct relaydb *db;
	void (*say)(void *context, const char *what, const char *detail);
	void (*trouble)(
	    void *context, const char *what, const char *detail); /* may come often */
	void *context;

	bool failed; /* something in it did: it is not to be kept */

	/* its own */
	bool changing; /* between begin and end */
	int64_t
	    locked; /* since when relay.db is (deadline.h); -1: that was told; 0: it is not */
	struct relayclock clock, clock_before;
};

/* The clock is right, as far as anybody knows. */
void relaychange_start(struct relaychange *change);

enum relaychange_begin {
	RELAYCHANGE_NOT, /* relay.db is locked or in trouble, which was told: try again later */
	RELAYCHANGE_BEGUN, /* or it was before */
	RELAYCHANGE_MOVED, /* begun, and all logins have moved along with the clock */
};

enum relaychange_begin relaychange_begin(struct relaychange *change);

/* Returns false when it is not there: what came must come again. */
bool relaychange_end(struct relaychange *change);

/* Has the clock been set since the last change? */
bool relaychange_is_due(const struct relaychange *change);

#endif
