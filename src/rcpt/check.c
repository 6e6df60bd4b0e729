#include "check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "decide.h"
#include "offhand.h"
#include "tally.h"

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

void
check_start(struct checker *checker, struct check *check, const char *address, size_t len,
    int64_t started)
{
	prepare(check, started);
	if (!offhand(checker, check, address, len))
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
