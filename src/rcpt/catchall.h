/*
 * Servers that accept any address at a domain: a "yes" of theirs says nothing about the user, so
 * it is remembered once for the domain and not for each address, and nobody is asked for a day.
 *
 * Which ones do so is found out by asking for an address that nobody can have, behind two
 * different addresses that exist: a server that has lost its directory for a moment should not
 * count as one that never had any. A single "no such user" to whatever address tells that it
 * has one.
 */
#ifndef RCPT_CATCHALL_H
#define RCPT_CATCHALL_H

#include <stdint.h>

#include "cache.h"
#include "inquiry.h"
#include "memory.h"

/*
 * server is its record_server_text, domain a name in lower case, now the time in seconds since
 * 1970. Both return -1 for trouble with the cache.
 */

struct catchall {
	enum inquiry_catch_all answer; /* what is known; NOT_ASKED: ask */
	int64_t since; /* when it was found to accept any address, if it ever was; else 0 */
};

/* Returns 0 or 1 with what is known, which may be nothing. */
int catchall_find(struct cache *cache, const char *server, const char *domain, int64_t now,
    struct catchall *catchall);

/* What a server has said just now. */
struct catchall_lesson {
	const char *key; /* the address asked about, as in the cache */
	size_t key_len;
	bool unknown; /* it says that there is no such user, so it has a directory */
	enum inquiry_catch_all answer; /* about one that nobody has */
};

/*
 * Learns it; within a write (cachewrite.h). Returns 1 when the server is one that accepts any
 * address, so that no address is to be remembered, else 0.
 */
int catchall_learn(struct cache *cache, const char *server, const char *domain,
    const struct catchall_lesson *lesson, int64_t now);

/* A mailbox of this domain that nobody has. */
void catchall_nobody(char path[ADDRESS_PATH_SIZE], const char *domain);

#endif
