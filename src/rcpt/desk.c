#include "desk.h"

#include <stdlib.h>
#include <time.h>

#include "base/deadline.h"
#include "freshness.h"

#define LOCK_PATIENCE 1000 /* ms that answers wait until they can be written */
#define LOCK_RETRY    5    /* ms */
#define TELL_EVERY    100  /* ms between two looks at who must be told to wait */

/* Sends the last word to a caller. */
static void
answer_caller(struct desk *desk, struct caller *caller, const struct outcome *outcome,
    const char *trouble)
{
	unsigned char message[WIRE_SIZE_MAX];
	size_t len;

	if (caller == NULL)
		return;
	if (outcome != NULL)
		len = wire_make_answer(message, outcome, trouble);
	else
		len = wire_make_word(message, WIRE_DIRECTLY);
	callers_send(caller, message, len);
	callers_close(desk->callers, caller);
}

static void
send_directly(struct desk *desk, struct caller *caller)
{
	if (caller != NULL)
		desk->directly++;
	answer_caller(desk, caller, NULL, NULL);
}

static void
say_busy(struct desk *desk, struct caller *caller)
{
	struct outcome outcome;

	outcome_clear(&outcome);
	outcome.answer.note = "busy";
	outcome.busy = true;
	desk->busy++;
	answer_caller(desk, caller, &outcome, NULL);
}

static void
log_job(struct desk *desk, const struct job *job)
{
	struct line line;

	jobs_describe(job, &line);
	desk->log(&line);
}

/* All is known: tells everybody. */
static void
finish(struct desk *desk, struct job *job)
{
	const struct outcome *outcome = &job->probe.callout.outcome;
	struct caller *caller, *next;

	for (caller = job->callers; caller != NULL; caller = next) {
		next = caller->next_of_job;
		if (outcome->busy)
			desk->busy++;
		answer_caller(desk, caller, outcome, job->probe.cache);
	}
	desk->probes++;
	latency_add(&desk->latency, deadline_now() - job->started);
	log_job(desk, job);
	jobs_end(&desk->jobs, job);
}

/* The callout wants a server to be asked, or is done. */
static void
go_on(struct desk *desk, struct job *job)
{
	struct callout *callout = &job->probe.callout;

	if (!callout->done) {
		job->errand.question = &callout->question;
		pool_add(desk->pool, &callout->record->servers[callout->number], &job->errand);
		return;
	}
	job->ripe = true;
	job->next_ripe = desk->ripe;
	desk->ripe = job;
}

/* An errand that is still under way keeps its job waiting. Is another waiting already? */
static void
take_slow(struct desk *desk, struct errand *errand)
{
	struct job *job = errand->owner;
	struct inquiry *inquiry = &errand->inquiry;

	errand->slow = false;
	if (callout_slow(&job->probe.callout, errand->greeted))
		return;
	pool_leave(desk->pool, errand);
	inquiry->answer = (struct smtp_answer){.finding = FINDING_TEMPORARY,
	    .stage = errand->greeted ? SMTP_RCPT : SMTP_CONNECT,
	    .note = "down"};
	inquiry->control = CONTROL_NOT_ASKED;
	inquiry->catch_all = CATCH_ALL_NOT_ASKED;
	callout_take(&job->probe.callout, inquiry, false);
	go_on(desk, job);
}

static void
take_news(struct desk *desk)
{
	struct errand *errand;

	while ((errand = pool_news(desk->pool)) != NULL) {
		struct job *job = errand->owner;
		struct callout *callout = &job->probe.callout;

		switch (errand->state) {
		case ERRAND_OVER:
			callout_take(callout, &errand->inquiry, errand->timed_out);
			go_on(desk, job);
			break;
		case ERRAND_SKIPPED:
			/* Skipped as nobody waited for it; but somebody has come since. */
			if (errand->left_behind && job->callers != NULL)
				errand->left_behind = false;
			else
				callout_skip(callout);
			go_on(desk, job);
			break;
		case ERRAND_WAITING:
		case ERRAND_ASKING:
			if (errand->slow)
				take_slow(desk, errand);
			break;
		case ERRAND_IDLE:
			break;
		}
	}
}

/* Writes down what all ripe jobs have learned, at once, and sees to what comes then. */
static void
settle(struct desk *desk)
{
	struct probe *probes[JOBS_MAX];
	struct job *job, *next;
	size_t count = 0;
	int64_t now = deadline_now();

	for (job = desk->ripe; job != NULL; job = job->next_ripe)
		probes[count++] = &job->probe;
	if (count == 0)
		return;
	switch (probe_settle(desk->checker, probes, count,
	    desk->locked_since == 0 || now - desk->locked_since < LOCK_PATIENCE)) {
	case -1:
		if (desk->locked_since == 0)
			desk->locked_since = now;
		return;
	case 1:
		desk->locked_since = 0;
	}
	job = desk->ripe;
	desk->ripe = NULL;
	for (; job != NULL; job = next) {
		next = job->next_ripe;
		job->ripe = false;
		if (job->probe.done)
			finish(desk, job);
		else
			go_on(desk, job);
	}
}

/* Those who wait hear from us now and then; who is gone is forgotten. */
static void
tell_callers(struct desk *desk)
{
	int64_t now = deadline_now();
	struct caller *caller, *next;

	for (caller = desk->callers->first; caller != NULL; caller = next) {
		struct job *job = caller->job;
		struct caller **at;

		next = caller->next;
		if (job == NULL || now - caller->told < WIRE_EVERY || callers_wait(caller))
			continue;
		for (at = &job->callers; *at != caller;)
			at = &(*at)->next_of_job;
		*at = caller->next_of_job;
		callers_close(desk->callers, caller);
	}
	desk->told = now;
}

void
desk_step(struct desk *desk)
{
	do {
		pool_dispatch(desk->pool);
		take_news(desk);
		settle(desk);
	} while (pool_has_news(desk->pool));
	pool_dispatch(desk->pool);
	if (deadline_now() - desk->told >= TELL_EVERY)
		tell_callers(desk);
}

int64_t
desk_wake(const struct desk *desk)
{
	int64_t wake = INT64_MAX;

	if (desk->ripe != NULL)
		wake = deadline_now() + LOCK_RETRY;
	if (desk->callers->first != NULL)
		wake = deadline_earlier(wake, desk->told + TELL_EVERY);
	if (pool_has_news(desk->pool))
		wake = 0;
	return wake;
}

static void
join(struct job *job, struct caller *caller)
{
	if (caller == NULL)
		return;
	caller->job = job;
	caller->next_of_job = job->callers;
	job->callers = caller;
	job->asked++;
	job->errand.behind = false;
	/* Most answers come before the first "wait" is due. */
	caller->told = deadline_now() - WIRE_EVERY + WIRE_FIRST;
}

/*
 * Has the cache an answer by now? Then that is it, unless it is to be asked again before it is too
 * old. Otherwise, what does it have?
 */
static bool
is_known(struct desk *desk, struct job *job, bool refresh, struct caller *caller)
{
	struct checker *checker = desk->checker;
	const char *trouble = NULL;
	struct cache_entry entry;
	struct outcome outcome;
	enum freshness freshness;

	job->target.repeated = false;
	if (!checker_use_cache(checker, checker->read_wait, &trouble))
		return refresh;
	switch (cache_find(&checker->cache, job->key, job->target.key_len, &entry)) {
	case 1:
		break;
	case 0:
		return refresh;
	default:
		checker_lose_cache(checker, &trouble);
		return refresh;
	}
	freshness = freshness_of(&entry, &job->target.record->settings, time(NULL));
	job->target.repeated = finding_is_no(entry.finding) && freshness != FRESHNESS_NONE;
	if (freshness != FRESHNESS_FRESH && freshness != FRESHNESS_LATE)
		return refresh;
	if (refresh)
		return freshness == FRESHNESS_FRESH;
	outcome_clear(&outcome);
	outcome_recall(&outcome, &entry, time(NULL));
	desk->known++;
	answer_caller(desk, caller, &outcome, NULL);
	return true;
}

static void
begin(struct desk *desk, struct job *job, int64_t left, bool refresh, struct caller *caller)
{
	int64_t budget = (int64_t)job->target.record->settings.budget * 1000;

	job->errand.settings = &job->target.record->settings;
	job->errand.owner = job;
	job->errand.behind = refresh;
	join(job, caller);
	probe_start(&job->probe, desk->checker, &job->target,
	    job->started + (refresh || left > budget ? budget : left));
	go_on(desk, job);
}

void
desk_ask(struct desk *desk, const struct wire_question *question, struct caller *caller)
{
	struct job *job = calloc(1, sizeof(*job)), *same;
	struct record record;

	if (question->refresh)
		desk->refreshes++;
	else
		desk->questions++;
	if (job == NULL) {
		say_busy(desk, caller);
		return;
	}
	job->started = deadline_now();
	if (callers_full(desk->callers)) {
		say_busy(desk, caller);
	} else if (!jobs_read(job, question, desk->checker, &record)) {
		send_directly(desk, caller);
	} else if ((same = jobs_find(&desk->jobs, job)) != NULL) {
		desk->joined++;
		join(same, caller);
	} else if (is_known(desk, job, question->refresh, caller)) {
		;
	} else if (!jobs_admit(&desk->jobs, job)) {
		say_busy(desk, caller);
	} else {
		begin(desk, job, question->left, question->refresh, caller);
		return;
	}
	free(job);
}
