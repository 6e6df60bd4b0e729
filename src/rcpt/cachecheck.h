/*
 * Checks of an open verdict cache, for cachefile.c. All return 0, or -1 for trouble or damage;
 * cache_reason says what, and cache->damaged which of the two.
 */
#ifndef RCPT_CACHECHECK_H
#define RCPT_CACHECHECK_H

#include <stdint.h>

#include "cache.h"

/* Reads every page, as far as PRAGMA quick_check goes. Checks may read meanwhile, not store. */
int cachecheck_pages(struct cache *cache);

/*
 * Parses every row of both tables and removes those that are damaged; cachecheck_count belongs
 * behind it.
 */
int cachecheck_rows(struct cache *cache);

/* Puts the count of rows right, should somebody have edited the table by hand. */
int cachecheck_count(struct cache *cache);

/*
 * Removes verdicts that expired before that time, and what is remembered besides (memory.h) and
 * has no later time in it. A bounded number in one call.
 */
int cachecheck_sweep(struct cache *cache, int64_t before);

#endif
