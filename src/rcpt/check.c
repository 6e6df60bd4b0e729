#include "check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"

/* What a lock on the cache may cost a reader, and a writer that already has its answer. */
#define CACHE_READ_WAIT  100 /* ms */
#define CACHE_WRITE_WAIT 500

static void
decide(struct check *check, enum verdict verdict, const char *why)
{
	check->verdict = verdict;
	check->why = why;
	check->done = true;
}

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

/* In the mode "warn" nothing is refused; the log says what would have been. */
static void
decide_by_mode(struct check *check, enum verdict verdict, const char *why)
{
	if (verdict != VERDICT_ACCEPT && check->record.settings.mode == MODE_WARN) {
		check->note = verdict == VERDICT_REJECT ? "would-reject" : "would-tempfail";
		check->spared = true;
		verdict = VERDICT_ACCEPT;
	}
	decide(check, verdict, why);
}

static void
decide_by_action(struct check *check, uint32_t action, const char *why)
{
	decide_by_mode(check, action == ACTION_ACCEPT ? VERDICT_ACCEPT : VERDICT_TEMPFAIL, why);
}

/*
 * The one place where a "no" is made: only of a finding that is a statement about the address.
 */
static void
decide_by_finding(struct check *check, enum finding finding, const char *why)
{
	check->finding = finding;
	if (finding == FINDING_EXISTS)
		decide(check, VERDICT_ACCEPT, why);
	else if (finding == FINDING_UNKNOWN || finding == FINDING_REFUSED)
		decide_by_mode(check, VERDICT_REJECT, why);
	else if (finding == FINDING_TEMPORARY)
		decide_by_action(check, check->record.settings.on_unreachable, "unreachable");
	else
		decide_by_action(check, check->record.settings.on_policy, "policy");
}

static void
decide_by_entry(struct check *check, const struct cache_entry *entry)
{
	check->asked = true;
	check->age = time(NULL) - entry->probed;
	check->answer.note = NULL;
	check->answer.stage = SMTP_RCPT;
	check->answer.code = entry->code;
	snprintf(check->answer.enhanced, sizeof(check->answer.enhanced), "%s", entry->enhanced);
	snprintf(check->answer.text, sizeof(check->answer.text), "%s", entry->text);
	snprintf(check->host, sizeof(check->host), "%s", entry->host);
	decide_by_finding(check, entry->finding, "cache");
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
	if (entry->probed > now || entry->expires <= now)
		return false; /* a clock that was set back proves nothing either */
	return entry->finding == FINDING_EXISTS ||
	    now - entry->probed <= (int64_t)check->record.settings.negative_recheck;
}

static void
decide_by_cache(struct checker *checker, struct check *check)
{
	struct cache_entry entry;
	int64_t now;

	if (!checker_use_cache(checker, CACHE_READ_WAIT, &check->cache))
		return;
	switch (cache_find(&checker->cache, check->key, check->key_len, &entry)) {
	case 1:
		break;
	case 0:
		return;
	default:
		checker_lose_cache(checker, &check->cache);
		return;
	}
	now = time(NULL);
	if (entry_is_fresh(check, &entry, now)) {
		decide_by_entry(check, &entry);
	} else if (entry.finding != FINDING_EXISTS && entry.probed <= now &&
	    entry.expires > now) {
		check->have_old_no = true;
		check->old_no = entry;
	}
}

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

static void
remember(struct checker *checker, struct check *check)
{
	struct cache_entry entry = {
	    .finding = check->answer.finding, .code = check->answer.code};
	uint32_t seconds = lifetime(&check->record.settings, entry.finding);

	if (seconds == 0 || !checker_use_cache(checker, CACHE_WRITE_WAIT, &check->cache))
		return;
	snprintf(entry.enhanced, sizeof(entry.enhanced), "%s", check->answer.enhanced);
	snprintf(entry.host, sizeof(entry.host), "%s", check->host);
	snprintf(entry.text, sizeof(entry.text), "%.*s", CACHE_TEXT_MAX, check->answer.text);
	entry.probed = time(NULL);
	entry.expires = entry.probed + seconds;
	if (cache_store(&checker->cache, check->key, check->key_len, &entry,
		check->record.settings.cache_limit) == -1)
		checker_lose_cache(checker, &check->cache);
}

/*
 * Nobody made a statement. An old "no" that was due for a new question holds on while nobody can be
 * asked; but a server that does answer RCPT, and not with a "no", has taken it back.
 */
static void
decide_without_answer(struct check *check, enum finding finding)
{
	bool taken_back =
	    check->asked && check->answer.stage == SMTP_RCPT && check->answer.code != 0;

	if (check->have_old_no && !taken_back) {
		check->rechecked = true;
		decide_by_entry(check, &check->old_no);
	} else {
		decide_by_finding(check, finding, "callout");
	}
}

static void
decide_by_callout(struct checker *checker, struct check *check)
{
	const struct callout *callout = &check->callout;

	check->asked = true;
	check->answer = callout->answer;
	memcpy(check->host, callout->host, sizeof(check->host));
	check->note = callout->answer.note;
	if (finding_is_verdict(callout->answer.finding)) {
		remember(checker, check);
		decide_by_finding(check, callout->answer.finding, "callout");
	} else {
		decide_without_answer(check, callout->answer.finding);
	}
}

void
check_step(struct checker *checker, struct check *check)
{
	if (check->done)
		return;
	callout_step(&check->callout);
	if (check->callout.done)
		decide_by_callout(checker, check);
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
	check->cache = NULL;
	check->cdb = NULL;
	check->log = LOG_LEVEL_REJECT;
	check->asked = false;
	check->finding = FINDING_TEMPORARY;
	check->host[0] = '\0';
	check->age = -1;
	check->callout.fd = -1;
	check->callout.done = true;
	check->started = started;
	check->have_old_no = false;
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
		decide_without_answer(check, FINDING_POLICY);
		return;
	}
	address_path(check->path, &check->address, check->record.ask_domain);
	check->deadline = started + (int64_t)check->record.settings.budget * 1000;
	callout_start(&check->callout, &check->record, checker->self, check->path,
	    check->address.needs_utf8, check->deadline, checker->watch, checker->watch_context);
	if (check->callout.done)
		decide_by_callout(checker, check);
}
