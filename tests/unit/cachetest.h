/*
 * What tests of the cache share: the beginning, a verdict to put into it, the whole transaction
 * that does so, and the end.
 */
#ifndef CACHETEST_H
#define CACHETEST_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rcpt/cachefile.h"
#include "rcpt/cachestamp.h"
#include "rcpt/cachewrite.h"
#include "rcpt/tally.h"
#include "tap.h"

#define CACHETEST_PATH 96

/* Makes a cache, its path, and the folder it is in: a template for mkdtemp(3); and opens it. */
static inline void
begin_cache(struct cache *cache, char *folder, char path[CACHETEST_PATH])
{
	const char *what;

	if (mkdtemp(folder) == NULL)
		exit(111);
	snprintf(path, CACHETEST_PATH, "%s/verdicts.db", folder);
	is_int(cachefile_maintain(path, false, &what), 1, "make a cache");
	is_int(cache_open(cache, path, 1000), 0, "open it");
}

static inline struct cache_entry
sample(enum finding finding, int64_t probed)
{
	struct cache_entry entry = {
	    .finding = finding,
	    .code = finding == FINDING_EXISTS ? 250 : 550,
	    .enhanced = "5.1.1",
	    .host = "192.0.2.1:25",
	    .text = "no such user",
	    .probed = probed,
	    .expires = probed + 3600,
	};

	return entry;
}

static inline int
put(struct cache *cache, const char *key, size_t len, const struct cache_entry *entry,
    uint32_t limit)
{
	if (cachewrite_begin(cache) == -1)
		return -1;
	return cachewrite_end(cache, cachewrite_put(cache, key, len, entry, limit) == 0);
}

/* Removes the folder, in which there must be a cache and nothing else. */
static inline void
remove_cache(const char *folder)
{
	static const char *const names[] = {
	    "verdicts.db", ("verdicts.db" CACHESTAMP_NAME), TALLY_NAME};
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	is_int(rmdir(folder), 0, "nothing else is left in the folder");
}

/* The cache must be sound. */
static inline void
end_cache(struct cache *cache, const char *folder, const char *path)
{
	const char *what;

	cache_close(cache);
	is_int(cachefile_maintain(path, true, &what), 0, "a thorough check finds nothing");
	remove_cache(folder);
}

#endif
