/*
 * What tests of the cache share: a verdict to put into it, the whole transaction that does so,
 * and the end.
 */
#ifndef CACHETEST_H
#define CACHETEST_H

#include <stdio.h>
#include <unistd.h>

#include "rcpt/cachefile.h"
#include "rcpt/cachewrite.h"
#include "rcpt/tally.h"

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

/* Removes a folder with a sound cache in it. Returns 0, or -1 when there is anything else. */
static inline int
remove_cache(const char *folder)
{
	static const char *const names[] = {
	    "verdicts.db", ("verdicts.db" CACHEFILE_CHECKED), TALLY_NAME};
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

#endif
