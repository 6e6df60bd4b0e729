/*
 * Servers that are down or refuse us: remembered between checks, so that not every RCPT pays
 * their time-outs. A server that fails is marked and left alone for 10 s, then for twice as
 * long each time up to 5 min; when that is over, one process tries it while the others go on as
 * before. Any statement about an address clears the mark.
 */
#ifndef RCPT_SERVERS_H
#define RCPT_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "cache.h"
#include "memory.h"

#define SERVERS_RETRY_EVERY 10  /* seconds: one of a domain's servers is tried so often */
#define SERVERS_REFUSE_HOLD 300 /* for a server that refuses us when it greets */

/*
 * server is its record_server_text, now the time in seconds since 1970. All return -1 for
 * trouble with the cache.
 */

/*
 * Returns 1 with the mark of a server that was left alone, or 0. Until mark->until nobody asks
 * it, then whoever claims it.
 */
int servers_find(struct cache *cache, const char *server, int64_t now, struct memory *mark);

/*
 * May this process try a server despite the mark that it found? Returns 1 if so, and for all
 * others it is marked anew; 0 if another process was faster.
 */
int servers_claim(
    struct cache *cache, const char *server, const struct memory *mark, int64_t now);

/*
 * A server keeps us waiting. Returns 1 if this process should see what becomes of it; 0 if as
 * many as patience says do so already: for all others it is marked.
 */
int servers_suspect(struct cache *cache, const char *server, int64_t patience, int64_t now);

#define SERVERS_NO_HOLD (-1)

/* What went wrong with a server. */
struct servers_failure {
	const char *state; /* MEMORY_DOWN or MEMORY_REFUSES */
	int64_t patience;  /* from the how-manieth failure in a row on it is left alone */
	int64_t hold;      /* for so many seconds; 0: as the number of failures says */
	bool claimed;      /* this process had claimed or suspected it */
	const char *text;  /* why: for people */
};

/* Remembers a failure; with SERVERS_NO_HOLD it is only written down, about once a minute. */
int servers_failed(struct cache *cache, const char *server,
    const struct servers_failure *failure, int64_t now);

/* Clears the mark; within a write (cachewrite.h). */
int servers_fine(struct cache *cache, const char *server);

/* The same as a write of its own. */
int servers_back(struct cache *cache, const char *server);

#endif
