#include "check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "decide.h"
#include "learn.h"
#include "tally.h"

#define STALE_NO_MAX (7L * 86400) /* seconds since it was asked for the last time */

/* Our own trouble with the CDB. */
static void
decide_cdb(struct check *check)
{
	check->cdb = checker_cdb_trouble();
	check->trouble = true;
	decide(check, VERDICT_TEMPFAIL, "cdb");
}

void
check_stop(struct check *check, const char *why)
{
	if (check->done)
		return;
	callout_stop(&check->callout);
	decide(check, VERDICT_TEMPFAIL, why);
}

/* Looks for always_accept rows of this very address. */
static void
decide_by_list(struct checker *checker, struct check *check)
{
	char key[1 + ADDRESS_KEY_SIZE];
	unsigned char nothing[1];
	size_t len;

	key[0] = RECORD_KEY_LISTED;
	len = 1 + address_key(key + 1, &check->address, true);
	switch (cdbfile_find(&checker->cdb, key, len, nothing, sizeof(nothing), &len)) {
	case 1:
		decide(check, VERDICT_ACCEPT, "listed");
		break;
	case -1:
		decide_cdb(check);
		break;
	}
}

/* Is a cached answer of this kind still good by itself? */
static bool
entry_is_fresh(const struct check *check, const struct cache_entry *entry, int64_t now)
{
	if (entry->expires <= now)
		return false;
	return entry->finding == FINDING_EXISTS ||
	    now - entry->probed <= (int64_t)check->record.settings.negative_recheck;
}

/* What an answer that is not fresh is good for while there is no other. */
static enum check_old
old_kind(const struct cache_entry *entry, int64_t now)
{
	if (entry->finding == FINDING_EXISTS)
		return CHECK_STALE_YES;
	if (entry->expires > now)
		return CHECK_OLD_NO;
	return now - entry->probed <= STALE_NO_MAX ? CHECK_STALE_NO : CHECK_OLD_NONE;
}

static void
decide_by_cache(struct checker *checker, struct check *check)
{
	int64_t now;

	check->counted = true;
	if (!checker_use_cache(checker, CHECKER_READ_WAIT, &check->cache))
		return;
	switch (cache_find(&checker->cache, check->key, check->key_len, &check->old)) {
	case 1:
		break;
	case 0:
		return;
	default:
		checker_lose_cache(checker, &check->cache);
		return;
	}
	now = time(NULL);
	if (check->old.probed > now)
		return; /* a clock that was set back proves nothing */
	if (entry_is_fresh(check, &check->old, now))
		decide_by_entry(check, &check->old, "cache");
	else
		check->old_kind = old_kind(&check->old, now);
}

bool
check_is_unproven(const struct check *check)
{
	return check->broken && finding_is_no(check->answer.finding) &&
	    check->answer.stage == SMTP_RCPT && check->control != CONTROL_ACCEPTED;
}

/* The domain to ask with, as in the path, and in lower case. */
static const char *
ask_domain(const struct check *check)
{
	const char *domain = check->record.ask_domain;

	return domain[0] != '\0' ? domain : check->address.key_domain;
}

/* What is known of the domain decides what is asked besides the address. */
static void
ask(struct checker *checker, struct check *check)
{
	const struct settings *settings = &check->record.settings;
	struct inquiry_question question = {
	    .helo = settings->helo,
	    .path = check->path,
	    .needs_utf8 = check->address.needs_utf8,
	    .confirm_sender = settings->confirm_sender,
	    .control = check->control_path,
	};
	int64_t now = time(NULL);

	trust_begin(&check->trust, ask_domain(check));
	if (checker_use_cache(checker, CHECKER_READ_WAIT, &check->cache) &&
	    trust_recall(&check->trust, &checker->cache) == -1)
		checker_lose_cache(checker, &check->cache);
	check->broken = trust_is_broken(&check->trust, now);
	question.doubt = trust_doubts(&check->trust, now);
	trust_control(&check->trust, settings, now, check->control_path);
	callout_start(&check->callout, checker, &check->record, check->trust.domain, &question,
	    check->deadline);
}

static void
decide_by_callout(struct checker *checker, struct check *check)
{
	const struct callout *callout = &check->callout;

	check->asked = true;
	check->answer = callout->answer;
	check->control = callout->control;
	memcpy(check->host, callout->host, sizeof(check->host));
	check->note = callout->answer.note;
	if (callout->cache != NULL)
		check->cache = callout->cache;
	if (callout->remembered) {
		check->note = NULL;
		check->age = time(NULL) - callout->catch_all_since;
		decide_by_finding(check, callout->answer.finding, "catch-all");
		return;
	}
	if (learn(checker, check)) {
		decide_by_answer(check, checker->can_defer);
	} else {
		check->again = true;
		ask(checker, check);
	}
}

/* The second callout may be done as soon as it begins. */
static void
finish_callout(struct checker *checker, struct check *check)
{
	while (!check->done && check->callout.done)
		decide_by_callout(checker, check);
}

void
check_step(struct checker *checker, struct check *check)
{
	if (check->done)
		return;
	callout_step(&check->callout);
	finish_callout(checker, check);
}

/* The record of the domain. Returns true when that decided: not ours, or trouble. */
static bool
decide_by_domain(struct checker *checker, struct check *check)
{
	unsigned char value[RECORD_SIZE_MAX];
	char key[1 + ADDRESS_DOMAIN_MAX];
	size_t len;

	if (checker_use_cdb(checker) == -1) {
		decide_cdb(check);
		return true;
	}
	check->cdb = checker->cdb_kept;
	check->log = checker->cdb.note[0];
	key[0] = RECORD_KEY_DOMAIN;
	memcpy(key + 1, check->address.key_domain, check->address.domain_len);
	switch (cdbfile_find(
	    &checker->cdb, key, 1 + check->address.domain_len, value, sizeof(value), &len)) {
	case 0:
		decide(check, VERDICT_ACCEPT, "foreign");
		return true;
	case 1:
		if (record_parse(&check->record, value, len) == 0) {
			check->log = check->record.settings.log;
			return false;
		}
		check->cdb = "a record of it is of another version: run rcptbuild";
		check->trouble = true;
		decide(check, VERDICT_TEMPFAIL, "cdb");
		return true;
	default:
		decide_cdb(check);
		return true;
	}
}

static void
prepare(struct check *check, int64_t started)
{
	check->done = false;
	check->verdict = VERDICT_TEMPFAIL;
	check->why = "";
	check->note = NULL;
	check->alarm = NULL;
	check->cache = NULL;
	check->cdb = NULL;
	check->log = LOG_LEVEL_REJECT;
	check->asked = false;
	check->finding = FINDING_TEMPORARY;
	check->host[0] = '\0';
	check->control = CONTROL_NOT_ASKED;
	check->age = -1;
	check->counted = false;
	check->callout.fd = -1;
	check->callout.done = true;
	check->callout.answered = false;
	check->callout.catch_all_since = 0;
	check->started = started;
	check->old_kind = CHECK_OLD_NONE;
	check->broken = false;
	check->again = false;
	check->rechecked = false;
	check->trouble = false;
	check->spared = false;
	check->record.main_name[0] = '\0';
}

void
check_settle(struct check *check, enum verdict verdict, const char *why, int64_t started)
{
	prepare(check, started);
	decide(check, verdict, why);
}

/* Accepted without asking: postmaster, and always_accept. True when that decided, or failed. */
static bool
decide_by_exemption(struct checker *checker, struct check *check, enum address_kind kind)
{
	if (address_is_postmaster(&check->address))
		decide(check, VERDICT_ACCEPT, "postmaster");
	else if (check->record.flags & RECORD_ACCEPT_ALL)
		decide(check, VERDICT_ACCEPT, "listed");
	else if (kind == ADDRESS_FINE && (check->record.flags & RECORD_LISTED))
		decide_by_list(checker, check);
	return check->done;
}

/* All that can be answered without asking a server. */
static bool
decide_at_once(struct checker *checker, struct check *check, const char *address, size_t len)
{
	const struct settings *settings = &check->record.settings;
	enum address_kind kind = address_parse(&check->address, address, len);

	if (kind == ADDRESS_NO_DOMAIN) {
		decide(check, VERDICT_ACCEPT, "no-domain");
	} else if (decide_by_domain(checker, check)) {
		return true;
	} else if (settings->mode == MODE_OFF) {
		decide(check, VERDICT_ACCEPT, "off");
	} else if (decide_by_exemption(checker, check, kind)) {
		return true;
	} else if (check->record.flags & RECORD_DANGLING) {
		check->trouble = true;
		decide_by_mode(check, VERDICT_TEMPFAIL, "alias");
	} else if (kind == ADDRESS_UNSAFE) {
		decide_by_action(check, settings->on_policy, "unsafe");
	} else {
		check->key_len = address_key(check->key, &check->address, settings->fold_case);
		decide_by_cache(checker, check);
	}
	return check->done;
}

void
check_start(struct checker *checker, struct check *check, const char *address, size_t len,
    int64_t started)
{
	prepare(check, started);
	if (decide_at_once(checker, check, address, len))
		return;
	if (check->record.settings.tls == TLS_REQUIRE) {
		/* We speak no TLS, and what is asked for must not be done without. */
		check->note = "no-tls";
		decide_without_answer(check, FINDING_POLICY, checker->can_defer);
		return;
	}
	address_path(check->path, &check->address, check->record.ask_domain);
	check->deadline = started + (int64_t)check->record.settings.budget * 1000;
	ask(checker, check);
	finish_callout(checker, check);
}

void
check_count(const struct checker *checker, const struct check *check)
{
	bool yes = check->finding == FINDING_EXISTS;
	enum tally_kind kind;

	if (!check->counted)
		return;
	if (check->rechecked || !finding_is_verdict(check->finding))
		kind = TALLY_UNDECIDED;
	else if (check->age != -1)
		kind = yes ? TALLY_HIT_YES : TALLY_HIT_NO;
	else
		kind = yes ? TALLY_ASKED_YES : TALLY_ASKED_NO;
	tally_add(checker->tally_path, check->address.key_domain, kind);
}
