#include "check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "decide.h"
#include "local.h"
#include "tally.h"

/* Our own trouble with the CDB, which check->cdb names. */
static void
decide_cdb(struct check *check)
{
	check->trouble = true;
	decide(check, VERDICT_TEMPFAIL, "cdb");
}

void
check_stop(struct check *check, const char *why)
{
	if (check->done)
		return;
	if (check->asking == CHECK_REMOTE)
		remote_stop(&check->remote);
	if (check->asking == CHECK_DIRECT)
		direct_stop(&check->direct);
	check->fd = -1;
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
		check->cdb = checker_cdb_trouble();
		decide_cdb(check);
		break;
	}
}

static void
decide_by_cache(struct checker *checker, struct check *check)
{
	check->counted = true;
	if (!checker_use_cache(checker, checker->read_wait, &check->cache))
		return;
	switch (cache_find(
	    &checker->cache, check->target.key, check->target.key_len, &check->old)) {
	case 1:
		break;
	case 0:
		return;
	default:
		checker_lose_cache(checker, &check->cache);
		return;
	}
	check->freshness = freshness_of(&check->old, &check->record.settings, deadline_date());
	check->target.repeated =
	    check->freshness == FRESHNESS_OLD_NO || check->freshness == FRESHNESS_STALE_NO;
	if (check->freshness == FRESHNESS_FRESH || check->freshness == FRESHNESS_LATE)
		decide_by_entry(check, &check->old, "cache");
}

/* By what came of asking, check->outcome. */
static void
decide_by_outcome(struct checker *checker, struct check *check)
{
	struct outcome *outcome = &check->outcome;

	check->asked = true;
	check->fd = -1;
	check->note = outcome->answer.note;
	if (outcome->remembered) {
		check->note = NULL;
		outcome->age = time(NULL) - outcome->catch_all_since;
		decide_by_finding(check, outcome->answer.finding, "catch-all");
	} else if (outcome->age != -1) {
		/* Somebody else had asked when rcptprobe looked. */
		decide_by_finding(check, outcome->answer.finding, "cache");
	} else {
		decide_by_answer(check, checker->can_defer);
	}
}

static void
step_direct(struct checker *checker, struct check *check)
{
	struct direct *direct = &check->direct;

	direct_step(direct);
	check->fd = direct->talk.fd;
	check->events = direct->talk.events;
	check->wake = direct->talk.wake;
	if (!direct->probe.done)
		return;
	check->outcome = direct->probe.callout.outcome;
	if (direct->probe.cache != NULL)
		check->cache = direct->probe.cache;
	decide_by_outcome(checker, check);
}

/* By ourselves, then. */
static void
begin_direct(struct checker *checker, struct check *check)
{
	if (check->record.settings.tls == TLS_REQUIRE) {
		/* We speak no TLS, and what is asked for must not be done without. */
		check->note = "no-tls";
		check->alarm = "tls";
		decide_without_answer(check, FINDING_POLICY, checker->can_defer);
		return;
	}
	check->asking = CHECK_DIRECT;
	direct_start(&check->direct, checker, &check->target, check->deadline);
	step_direct(checker, check);
}

static void
step_remote(struct checker *checker, struct check *check)
{
	struct remote *remote = &check->remote;

	remote_step(remote);
	check->fd = remote->fd;
	check->events = remote->events;
	check->wake = remote->wake;
	switch (remote->state) {
	case REMOTE_WAITING:
		return;
	case REMOTE_ANSWERED:
		check->outcome = remote->answer.outcome;
		if (remote->answer.trouble[0] != '\0')
			check->cache = remote->answer.trouble;
		decide_by_outcome(checker, check);
		return;
	case REMOTE_LATE:
		check->outcome.answer.note = "timeout";
		decide_by_outcome(checker, check);
		return;
	case REMOTE_FAILED:
		check->probe = remote->trouble;
		begin_direct(checker, check);
		return;
	}
}

/* It cannot know that our client came in by an address that is also one of the servers. */
static bool
is_ourselves(const struct checker *checker, const struct record *record)
{
	char text[RECORD_SERVER_TEXT];

	for (size_t i = 0; i < record->server_count && checker->self[0] != '\0'; i++) {
		record_server_text(text, &record->servers[i]);
		if (strcmp(text, checker->self) == 0)
			return true;
	}
	return false;
}

static void
ask(struct checker *checker, struct check *check, const char *address, size_t len)
{
	check->deadline = check->started + (int64_t)check->record.settings.budget * 1000;
	if (is_ourselves(checker, &check->record)) {
		begin_direct(checker, check);
		return;
	}
	check->asking = CHECK_REMOTE;
	remote_start(&check->remote, checker, address, len, check->deadline);
	step_remote(checker, check);
}

void
check_step(struct checker *checker, struct check *check)
{
	if (check->done)
		return;
	if (check->asking == CHECK_REMOTE)
		step_remote(checker, check);
	else
		step_direct(checker, check);
}

/* What who asks has instead of the settings of the domain. */
static void
override(const struct checker *checker, struct settings *settings)
{
	if (checker->positive_expire != 0)
		settings->positive_expire = checker->positive_expire;
	if (checker->negative_expire != 0)
		settings->negative_expire = checker->negative_expire;
}

/* The record of the domain. Returns true when that decided: not ours, or trouble. */
static bool
decide_by_domain(struct checker *checker, struct check *check)
{
	switch (checker_find_domain(checker, check->address.key_domain,
	    check->address.domain_len, &check->record, &check->cdb)) {
	case 1:
		check->cdb = checker->cdb_kept;
		check->log = check->record.settings.log;
		override(checker, &check->record.settings);
		return false;
	case 0:
		check->cdb = checker->cdb_kept;
		check->log = checker->cdb.note[0];
		decide(check, VERDICT_ACCEPT, "foreign");
		return true;
	default:
		if (checker->cdb.fd != -1)
			check->log = checker->cdb.note[0];
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
	check->probe = NULL;
	check->asked = false;
	check->finding = FINDING_TEMPORARY;
	outcome_clear(&check->outcome);
	check->counted = false;
	check->fd = -1;
	check->started = started;
	check->freshness = FRESHNESS_NONE;
	check->asking = CHECK_NOBODY;
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

/* What is asked about. */
static void
set_target(struct check *check)
{
	struct probe_target *target = &check->target;
	const struct record *record = &check->record;

	address_path(check->path, &check->address, record->ask_domain);
	target->record = record;
	target->key_domain = check->address.key_domain;
	target->path = check->path;
	target->needs_utf8 = check->address.needs_utf8;
	target->key = check->key;
	target->key_len = address_key(check->key, &check->address, record->settings.fold_case);
	target->repeated = false;
}

/*
 * By the absence from a list. That proves nothing where the list has nobody, since more likely than a
 * domain without users is a list that went wrong; where something of it could not be read; or where
 * the CDB at hand is not the one that should be there.
 */
static void
decide_by_absence(struct checker *checker, struct check *check)
{
	bool incomplete = (check->record.flags & RECORD_INCOMPLETE) != 0;

	if (!incomplete && checker->cdb_kept == NULL) {
		decide_by_mode(check, VERDICT_REJECT, "local");
		return;
	}
	check->trouble = true;
	check->note = incomplete ? "incomplete" : "old";
	decide_by_mode(check, VERDICT_TEMPFAIL, "local");
}

/*
 * By the list of users that we have of the domain. True when that decided, or failed. It does not for
 * who is not in it but may be known to the servers.
 */
static bool
decide_by_users(struct checker *checker, struct check *check)
{
	const struct record *record = &check->record;
	const struct address *address = &check->address;

	switch (local_find(
	    &checker->cdb, record, address->key_domain, address->local, address->local_len)) {
	case 1:
		decide(check, VERDICT_ACCEPT, "local");
		break;
	case 0:
		if (record_list_decides(record))
			decide_by_absence(checker, check);
		break;
	default:
		check->cdb = checker_cdb_trouble();
		decide_cdb(check);
		break;
	}
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
	} else if ((check->record.flags & RECORD_LOCAL) != 0 &&
	    decide_by_users(checker, check)) {
		return true;
	} else if (kind == ADDRESS_UNSAFE) {
		decide_by_action(check, settings->on_policy, "unsafe");
	} else {
		set_target(check);
		decide_by_cache(checker, check);
	}
	return check->done;
}

void
check_start(struct checker *checker, struct check *check, const char *address, size_t len,
    int64_t started)
{
	prepare(check, started);
	if (!decide_at_once(checker, check, address, len))
		ask(checker, check, address, len);
	else if (check->freshness == FRESHNESS_LATE && !is_ourselves(checker, &check->record))
		remote_refresh(checker, address, len);
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
	else if (check->outcome.age != -1)
		kind = yes ? TALLY_HIT_YES : TALLY_HIT_NO;
	else
		kind = yes ? TALLY_ASKED_YES : TALLY_ASKED_NO;
	tally_add(checker->tally_path, check->address.key_domain, kind);
}
