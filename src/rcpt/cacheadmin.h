/*
 * The verdict cache for its administrator: look into it, count; cacheforget.h removes. For rcptcache;
 * no check uses this.
 */
#ifndef RCPT_CACHEADMIN_H
#define RCPT_CACHEADMIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/line.h"
#include "cache.h"

#define CACHEADMIN_TOP 10

/* A row as it is stored, damaged or not; to look at a damaged one leaves no mark. */
struct cacheadmin_row {
	char key[CACHE_KEY_MAX];
	size_t key_len;     /* a longer one is cut */
	const char *damage; /* NULL, or what is damaged: the entry says nothing then */
	struct cache_entry entry;
};

struct cacheadmin_stats {
	int64_t exists, unknown, refused, damaged;
	int64_t fresh, expired;
	int64_t oldest, newest; /* of probed; 0 when there is none */
};

struct cacheadmin_domain {
	char name[256]; /* cut, ends in NUL, may hold any byte */
	int64_t rows;
};

/*
 * Prepares an open cache for the functions below, and those of cacheforget.h, and makes it wait for locks as long as a
 * person does. A domain below is a name without "@" in any case; NULL stands for all. All
 * return -1 for trouble, and cache_reason says what.
 */
int cacheadmin_start(struct cache *cache);

/*
 * Finds the row of an address: its domain in lower case, its local part as it is and then, for
 * domains that have fold_case set, in lower case. Returns 1 with the row, or 0.
 */
int cacheadmin_find(
    struct cache *cache, const char *address, size_t len, struct cacheadmin_row *row);

/*
 * Calls each for every row in the order of the keys until it returns other than 0. No lock is
 * held while it runs, so it may take its time. Returns 1 when there was a row, or 0.
 */
int cacheadmin_each(struct cache *cache, const char *domain,
    int (*each)(void *arg, const struct cacheadmin_row *row), void *arg);

/* Counts. Returns 1 when there was a row, or 0. */
int cacheadmin_stats(
    struct cache *cache, const char *domain, int64_t now, struct cacheadmin_stats *stats);

/* The domains with the most rows, most first; count says how many there are in top. */
int cacheadmin_top(struct cache *cache, const char *domain,
    struct cacheadmin_domain top[CACHEADMIN_TOP], size_t *count);

#endif
