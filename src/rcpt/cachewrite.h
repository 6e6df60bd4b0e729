/*
 * Changes of the verdict cache, as transactions: several processes do this at any time.
 */
#ifndef RCPT_CACHEWRITE_H
#define RCPT_CACHEWRITE_H

#include "cache.h"

/*
 * Writing: cachewrite_begin, some of the calls below and of memory.h, then cachewrite_end with
 * whether all of them went well. Returns 0, or -1: then nothing of it was written.
 */
int cachewrite_begin(struct cache *cache);
int cachewrite_end(struct cache *cache, bool good);

/*
 * Stores an entry, replacing that of the same key. When the cache then holds more than limit
 * rows, it drops up to 64 others: unknown and refused addresses first, those asked longest ago
 * first. Returns 0 or -1. An entry that says nothing about the address (finding_is_verdict), or
 * of which the reply code says otherwise, is never stored.
 */
int cachewrite_put(struct cache *cache, const char *key, size_t key_len,
    const struct cache_entry *entry, uint32_t limit);

/* Removes the entry of a key, if there is one. Returns 0 or -1. */
int cachewrite_drop(struct cache *cache, const char *key, size_t key_len);

/* Removes each unknown and refused address of a domain that was asked since then. 0 or -1. */
int cachewrite_drop_noes(struct cache *cache, const char *domain, int64_t since);

#endif
