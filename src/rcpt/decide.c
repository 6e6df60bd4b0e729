#include "decide.h"

#include <stdio.h>
#include <string.h>

#include "base/deadline.h"

void
decide(struct check *check, enum verdict verdict, const char *why)
{
	check->verdict = verdict;
	check->why = why;
	check->done = true;
}

void
decide_by_mode(struct check *check, enum verdict verdict, const char *why)
{
	if (verdict != VERDICT_ACCEPT && check->record.settings.mode == MODE_WARN) {
		check->note = verdict == VERDICT_REJECT ? "would-reject" : "would-tempfail";
		check->spared = true;
		verdict = VERDICT_ACCEPT;
	}
	decide(check, verdict, why);
}

void
decide_by_action(struct check *check, uint32_t action, const char *why)
{
	decide_by_mode(check, action == ACTION_ACCEPT ? VERDICT_ACCEPT : VERDICT_TEMPFAIL, why);
}

void
decide_by_finding(struct check *check, enum finding finding, const char *why)
{
	check->finding = finding;
	if (finding == FINDING_EXISTS)
		decide(check, VERDICT_ACCEPT, why);
	else if (finding_is_no(finding))
		decide_by_mode(check, VERDICT_REJECT, why);
	else if (finding == FINDING_TEMPORARY)
		decide_by_action(check, check->record.settings.on_unreachable, "unreachable");
	else
		decide_by_action(check, check->record.settings.on_policy, "policy");
}

/* Takes what the cache has as the answer. */
static void
recall_entry(struct check *check, const struct cache_entry *entry)
{
	struct outcome *outcome = &check->outcome;

	check->asked = true;
	check->finding = entry->finding;
	outcome_recall(outcome, entry, deadline_date());
}

void
decide_by_entry(struct check *check, const struct cache_entry *entry, const char *why)
{
	recall_entry(check, entry);
	decide_by_finding(check, entry->finding, why);
}

/*
 * A "no" that has expired, and nobody to ask; or one that is due for a new question, and no room
 * to ask it: who fills that room must not make us refuse a mailbox that has been made since. Where
 * the caller can put off one recipient, that costs no message: the sender tries again. Where it can
 * only drop the whole session, one mistyped address must not hold up all others until the primary
 * is back.
 */
static void
decide_by_doubtful_no(struct check *check, bool can_defer)
{
	const struct settings *settings = &check->record.settings;
	bool busy = check->outcome.busy;
	const char *why = busy ? "busy" : "stale";

	recall_entry(check, &check->old);
	if (can_defer)
		decide_by_mode(check, VERDICT_TEMPFAIL, why);
	else
		decide_by_action(
		    check, busy ? settings->on_busy : settings->on_unreachable, why);
}

static bool
is_doubtful_no(const struct check *check, enum finding finding)
{
	return check->freshness == FRESHNESS_STALE_NO
	    ? finding == FINDING_TEMPORARY
	    : check->freshness == FRESHNESS_OLD_NO && check->outcome.busy;
}

/*
 * A server that answers RCPT, and not with a "no", has taken an old one back; so has one that
 * turned out to accept any address. And where no "no" of the domain is believed, no old one is.
 */
static bool
is_taken_back(const struct check *check)
{
	return check->outcome.answered || check->outcome.broken ||
	    check->outcome.catch_all_since >= check->old.probed;
}

void
decide_without_answer(struct check *check, enum finding finding, bool can_defer)
{
	check->rechecked = true;
	if (check->freshness == FRESHNESS_STALE_YES) {
		decide_by_entry(check, &check->old, "stale");
	} else if (is_doubtful_no(check, finding) && !is_taken_back(check)) {
		decide_by_doubtful_no(check, can_defer);
	} else if (check->freshness == FRESHNESS_OLD_NO && !is_taken_back(check)) {
		decide_by_entry(check, &check->old, "cache");
	} else {
		check->rechecked = false;
		if (check->outcome.busy)
			decide_by_action(check, check->record.settings.on_busy, "busy");
		else
			decide_by_finding(check, finding, "callout");
	}
}

/* What the administrator should be told besides the verdict. */
static const char *
find_alarm(const struct check *check, enum finding finding)
{
	if (finding != FINDING_POLICY)
		return NULL;
	if (outcome_is_unproven(&check->outcome))
		return "too-many-unknown";
	if (check->outcome.control == CONTROL_REFUSED)
		return "control-refused";
	if (check->outcome.answer.stage == SMTP_STARTTLS ||
	    (check->note != NULL && strcmp(check->note, "no-tls") == 0))
		return "tls";
	if (check->outcome.answer.stage == SMTP_RCPT)
		return check->outcome.answer.code == 556 ? "domain-takes-no-mail" : NULL;
	if (check->outcome.answer.note != NULL &&
	    strcmp(check->outcome.answer.note, "refuses-us") != 0)
		return NULL;
	return "refuses-us";
}

void
decide_by_answer(struct check *check, bool can_defer)
{
	enum finding finding = check->outcome.answer.finding;

	if (outcome_is_unproven(&check->outcome))
		finding = FINDING_POLICY;
	check->alarm = find_alarm(check, finding);
	if (finding_is_verdict(finding))
		decide_by_finding(check, finding, "callout");
	else
		decide_without_answer(check, finding, can_defer);
}
