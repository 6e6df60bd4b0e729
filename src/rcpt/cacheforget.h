/*
 * Verdicts forgotten by the administrator, on an open cache after cacheadmin_start. For rcptcache; no
 * check uses this.
 *
 * All return -1 for trouble, and cache_reason says what; *removed is how many rows went. A domain is
 * a name without "@" in any case; NULL stands for all.
 */
#ifndef RCPT_CACHEFORGET_H
#define RCPT_CACHEFORGET_H

#include <stddef.h>
#include <stdint.h>

#include "cache.h"

/* Removes the row of an address, as cacheadmin_find finds it. */
int cacheforget(struct cache *cache, const char *address, size_t len, int64_t *removed);

/* Removes all rows of a domain. */
int cacheforget_domain(struct cache *cache, const char *domain, int64_t *removed);

/* Removes those that have expired at this time. */
int cacheforget_expired(struct cache *cache, const char *domain, int64_t now, int64_t *removed);

#endif
