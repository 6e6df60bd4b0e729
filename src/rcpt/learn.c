#include "learn.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
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

	if (seconds == 0) /* nor is an older one to be believed now */
		return cachewrite_drop(cache, check->key, check->key_len);
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
	    .unknown = check->answer.finding == FINDING_UNKNOWN &&
		strcmp(check->answer.enhanced, "5.1.3") != 0,
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
	    .broken = check->broken,
	    .finding = check->answer.finding,
	    .control = check->control,
	    .control_path = check->control_path,
	    .repeated = check->old_kind == CHECK_OLD_NO || check->old_kind == CHECK_STALE_NO,
	    .good = any ? NULL : check->path,
	    .key_domain = check->address.key_domain,
	    .good_for = check->record.settings.positive_expire,
	};

	if (check->answer.stage != SMTP_RCPT) /* no SMTPUTF8: that is true of all domains */
		return 0;
	return trust_learn(&check->trust, cache, &lesson, now);
}

/*
 * Is there a control that may still prove it, and time to ask? A callout that the deadline cuts
 * short would blame the server.
 */
static bool
may_ask_again(const struct check *check)
{
	int64_t least = (int64_t)check->record.settings.connect_timeout * 1000;

	return check->control == CONTROL_NOT_ASKED && check->control_path[0] != '\0' &&
	    !check->again && deadline_left(check->deadline) >= least;
}

bool
learn(struct checker *checker, struct check *check)
{
	bool verdict = finding_is_verdict(check->answer.finding);
	struct cache *cache = &checker->cache;
	int64_t now = time(NULL);
	bool any = false, again, good;

	if (!verdict && check->control == CONTROL_NOT_ASKED)
		return true;
	if (!checker_use_cache(checker, CHECKER_WRITE_WAIT, &check->cache))
		return true;
	if (cachewrite_begin(cache) == -1) {
		checker_lose_cache(checker, &check->cache);
		return true;
	}
	good = trust_recall(&check->trust, cache) == 0;
	if (trust_is_broken(&check->trust, now))
		check->broken = true;
	again = good && check_is_unproven(check) && may_ask_again(check);
	if (verdict && !check_is_unproven(check))
		good = good && put_statement(cache, check, &any, now) == 0;
	good = good && !again && put_trust(cache, check, any, now) == 0;
	if (cachewrite_end(cache, good) == -1 && !again)
		checker_lose_cache(checker, &check->cache);
	return !again;
}
