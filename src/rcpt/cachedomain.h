/*
 * Statements about the cached addresses of a domain, for its administrator. They may be long, and of
 * one use: they are made anew each time.
 */
#ifndef RCPT_CACHEDOMAIN_H
#define RCPT_CACHEDOMAIN_H

#include "cache.h"

/*
 * True for the rows of the domain ?1, a name without "@" in any case, or for all rows if it is NULL.
 * domain(address) in SQL is what is behind the last "@", in lower case; "" where there is none.
 */
#define CACHEDOMAIN_IS "(?1 IS NULL OR domain(address) = domain('@' || ?1))"

/* Teaches an open cache domain(). Returns 0, or -1 with the reason in cache. */
int cachedomain_start(struct cache *cache);

/* NULL, with the reason in cache, when it cannot be prepared. Ends with sqlite3_finalize. */
sqlite3_stmt *cachedomain_prepare(struct cache *cache, const char *sql);

/* The same, with ?1 bound to a domain that stays until the end; NULL for all. */
sqlite3_stmt *cachedomain_prepare_for(struct cache *cache, const char *sql, const char *domain);

/* A letter in lower case. */
char cachedomain_fold(char c);

#endif
