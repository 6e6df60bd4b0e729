/*
 * What is remembered besides verdicts (memory.h), for its administrator: to look at, to forget.
 * For rcptcache and rcptstatus; no check uses this.
 */
#ifndef RCPT_MEMORYADMIN_H
#define RCPT_MEMORYADMIN_H

#include <stdint.h>

#include "memory.h"

/* A row as it is stored, damaged or not; to look at a damaged one leaves no mark. */
struct memoryadmin_row {
	char subject[MEMORY_SUBJECT_SIZE];
	const char *damage; /* NULL, or what is damaged: the memory says nothing then */
	struct memory memory;
};

/*
 * A domain below is a name in any case: what is remembered of it, and of its servers that
 * accept any address there. NULL stands for all, the servers themselves too. All return -1 for
 * trouble, and cache_reason says what.
 */

/*
 * Calls each for every row in the order of the subjects until it returns other than 0. No lock
 * is held while it runs. Returns 1 when there was a row, or 0.
 */
int memoryadmin_each(struct cache *cache, const char *domain,
    int (*each)(void *arg, const struct memoryadmin_row *row), void *arg);

/* Forgets it; within a write (cachewrite.h), and so the next. */
int memoryadmin_forget(struct cache *cache, const char *domain, int64_t *removed);

/* Forgets what is remembered of the domain of an address, if this is the good one of it. */
int memoryadmin_forget_good(
    struct cache *cache, const char *address, size_t len, int64_t *removed);

#endif
