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
put_verdict(struct cache *cache, const struct probe *probe, int64_t now)
{
	const struct outcome *outcome = &probe->callout.outcome;
	const struct probe_target *target = probe->target;
	const struct settings *settings = &target->record->settings;
	struct cache_entry entry = {
	    .finding = outcome->answer.finding, .code = outcome->answer.code};
	uint32_t seconds = lifetime(settings, entry.finding);

	if (seconds == 0) /* nor is an older one to be believed now */
		return cachewrite_drop(cache, target->key, target->key_len);
	snprintf(entry.enhanced, sizeof(entry.enhanced), "%s", outcome->answer.enhanced);
	snprintf(entry.host, sizeof(entry.host), "%s", outcome->host);
	snprintf(entry.text, sizeof(entry.text), "%.*s", CACHE_TEXT_MAX, outcome->answer.text);
	entry.probed = now;
	entry.expires = now + seconds;
	return cachewrite_put(
	    cache, target->key, target->key_len, &entry, settings->cache_limit);
}

/* What the statement says about the address and the server that made it. */
static int
put_statement(struct cache *cache, const struct probe *probe, bool *any, int64_t now)
{
	const struct outcome *outcome = &probe->callout.outcome;
	const struct probe_target *target = probe->target;
	struct catchall_lesson lesson = {
	    .unknown = outcome->answer.finding == FINDING_UNKNOWN &&
		strcmp(outcome->answer.enhanced, "5.1.3") != 0,
	    .key = target->key,
	    .key_len = target->key_len,
	    .answer = outcome->catch_all,
	};

	if (servers_fine(cache, outcome->host) == -1)
		return -1;
	switch (catchall_learn(cache, outcome->host, probe->trust.domain, &lesson, now)) {
	case 1:
		*any = true;
		return cachewrite_drop(cache, target->key, target->key_len);
	case 0:
		return put_verdict(cache, probe, now);
	default:
		return -1;
	}
}

static int
put_trust(struct cache *cache, struct probe *probe, bool any, int64_t now)
{
	const struct outcome *outcome = &probe->callout.outcome;
	const struct probe_target *target = probe->target;
	struct trust_lesson lesson = {
	    .broken = outcome->broken,
	    .finding = outcome->answer.finding,
	    .control = outcome->control,
	    .control_path = probe->control_path,
	    .repeated = target->repeated,
	    .good = any ? NULL : target->path,
	    .key_domain = target->key_domain,
	    .good_for = target->record->settings.positive_expire,
	};

	if (outcome->answer.stage != SMTP_RCPT) /* no SMTPUTF8: that is true of all domains */
		return 0;
	return trust_learn(&probe->trust, cache, &lesson, now);
}

/*
 * Is there a control that may still prove it, and time to ask? A callout that the deadline cuts
 * short would blame the server.
 */
static bool
may_ask_again(const struct probe *probe)
{
	int64_t least = (int64_t)probe->target->record->settings.connect_timeout * 1000;

	return probe->callout.outcome.control == CONTROL_NOT_ASKED &&
	    probe->control_path[0] != '\0' && !probe->again &&
	    deadline_left(probe->deadline) >= least;
}

bool
learn_wanted(const struct probe *probe)
{
	const struct outcome *outcome = &probe->callout.outcome;

	return !outcome->remembered &&
	    (finding_is_verdict(outcome->answer.finding) ||
		outcome->control != CONTROL_NOT_ASKED);
}

int
learn(struct probe *probe, struct cache *cache)
{
	struct outcome *outcome = &probe->callout.outcome;
	int64_t now = time(NULL);
	bool any = false, unproven;

	if (!learn_wanted(probe))
		return 0;
	if (trust_recall(&probe->trust, cache) == -1)
		return -1;
	if (trust_is_broken(&probe->trust, now))
		outcome->broken = true;
	unproven = outcome_is_unproven(outcome);
	if (unproven && may_ask_again(probe)) {
		probe->wants_again = true;
		return 0;
	}
	if (!unproven && finding_is_verdict(outcome->answer.finding) &&
	    put_statement(cache, probe, &any, now) == -1)
		return -1;
	return put_trust(cache, probe, any, now);
}
