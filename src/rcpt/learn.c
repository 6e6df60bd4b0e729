#include "learn.h"

#include <stdio.h>
#include <time.h>

#include "cachewrite.h"
#include "catchall.h"
#include "servers.h"

static uint32_t
lifetime(const struct settings *settings, enum finding finding)
{
	switch (finding) {
	case FINDING_EXISTS:
		return settings->positive_expire;
	case FINDING_UNKNOWN:
		return settings->negative_expire;
	case FINDING_REFUSED:
		return settings->refused_expire;
	default:
		return 0;
	}
}

static int
put_verdict(struct cache *cache, const struct check *check, int64_t now)
{
	const struct settings *settings = &check->record.settings;
	struct cache_entry entry = {
	    .finding = check->answer.finding, .code = check->answer.code};
	uint32_t seconds = lifetime(settings, entry.finding);

	if (seconds == 0)
		return 0;
	snprintf(entry.enhanced, sizeof(entry.enhanced), "%s", check->answer.enhanced);
	snprintf(entry.host, sizeof(entry.host), "%s", check->host);
	snprintf(entry.text, sizeof(entry.text), "%.*s", CACHE_TEXT_MAX, check->answer.text);
	entry.probed = now;
	entry.expires = now + seconds;
	return cachewrite_put(cache, check->key, check->key_len, &entry, settings->cache_limit);
}

/* What the statement says about the address and the server that made it. */
static int
put_statement(struct cache *cache, const struct check *check, bool *any, int64_t now)
{
	struct catchall_lesson lesson = {
	    .finding = check->answer.finding,
	    .key = check->key,
	    .key_len = check->key_len,
	    .answer = check->callout.catch_all,
	};

	if (servers_fine(cache, check->host) == -1)
		return -1;
	switch (catchall_learn(cache, check->host, check->trust.domain, &lesson, now)) {
	case 1:
		*any = true;
		return cachewrite_drop(cache, check->key, check->key_len);
	case 0:
		return put_verdict(cache, check, now);
	default:
		return -1;
	}
}

static int
put_trust(struct cache *cache, struct check *check, bool any, int64_t now)
{
	struct trust_lesson lesson = {
	    .finding = check->answer.finding,
	    .control = check->control,
	    .control_path = check->control_path,
	    .repeated = check->old_kind == CHECK_OLD_NO || check->old_kind == CHECK_STALE_NO,
	    .good = any ? NULL : check->path,
	    .good_for = check->record.settings.positive_expire,
	};

	return trust_learn(&check->trust, cache, &lesson, now);
}

void
learn(struct checker *checker, struct check *check)
{
	/* A "no" that is in doubt, and was not proven, is none. */
	bool statement = finding_is_verdict(check->answer.finding) && !check_is_unproven(check);
	struct cache *cache = &checker->cache;
	int64_t now = time(NULL);
	bool any = false, good;

	if (!finding_is_verdict(check->answer.finding) && check->control == CONTROL_NOT_ASKED)
		return;
	if (!checker_use_cache(checker, CHECKER_WRITE_WAIT, &check->cache))
		return;
	if (cachewrite_begin(cache) == -1) {
		checker_lose_cache(checker, &check->cache);
		return;
	}
	good = (!statement || put_statement(cache, check, &any, now) == 0) &&
	    put_trust(cache, check, any, now) == 0;
	if (cachewrite_end(cache, good) == -1)
		checker_lose_cache(checker, &check->cache);
}
