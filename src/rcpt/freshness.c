#include "freshness.h"

#define STALE_NO_MAX (7L * 86400) /* seconds since it was asked for the last time */

/* Seconds from its question until it does not count by itself any more. */
static int64_t
lifetime(const struct cache_entry *entry, const struct settings *settings)
{
	int64_t life = entry->expires - entry->probed;
	int64_t recheck = settings->negative_recheck;

	if (entry->finding == FINDING_EXISTS || life <= recheck)
		return life;
	return recheck + 1; /* for so long, and not just until then */
}

enum freshness
freshness_of(const struct cache_entry *entry, const struct settings *settings, int64_t now)
{
	int64_t age, life;

	if (entry->probed < 0 || entry->probed > now || entry->expires < 0)
		return FRESHNESS_NONE; /* a clock that was set back proves nothing */
	age = now - entry->probed;
	life = lifetime(entry, settings);
	if (age < life)
		return age >= life - life / 4 ? FRESHNESS_LATE : FRESHNESS_FRESH;
	if (entry->finding == FINDING_EXISTS)
		return FRESHNESS_STALE_YES;
	if (entry->expires > now)
		return FRESHNESS_OLD_NO;
	return age <= STALE_NO_MAX ? FRESHNESS_STALE_NO : FRESHNESS_NONE;
}
