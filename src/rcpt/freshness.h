/*
 * What an entry of the verdict cache is good for by now.
 */
#ifndef RCPT_FRESHNESS_H
#define RCPT_FRESHNESS_H

#include "base/settings.h"
#include "cache.h"

enum freshness {
	FRESHNESS_NONE,  /* it says nothing */
	FRESHNESS_FRESH, /* it counts by itself */
	FRESHNESS_LATE,  /* so it does, but it should be asked again before it no longer does */
	/* The others count only if no other answer is had. */
	FRESHNESS_OLD_NO,    /* due for a new question, not expired */
	FRESHNESS_STALE_YES, /* expired */
	FRESHNESS_STALE_NO,
};

/* now in seconds since 1970. */
enum freshness freshness_of(
    const struct cache_entry *entry, const struct settings *settings, int64_t now);

#endif
