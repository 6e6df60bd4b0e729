#include "offhand.h"

#include "base/deadline.h"
#include "decide.h"
#include "local.h"

/* Our own trouble with the CDB, which check->cdb names. */
static void
decide_cdb(struct check *check)
{
	check->trouble = true;
	decide(check, VERDICT_TEMPFAIL, "cdb");
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

bool
offhand(struct checker *checker, struct check *check, const char *address, size_t len)
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
