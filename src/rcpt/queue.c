#include "queue.h"

#include <stdio.h>
#include <time.h>

#include "base/deadline.h"
#include "pool.h"

static void
enter(struct errand *errand)
{
	errand->state = ERRAND_WAITING;
	errand->greeted_soon = false;
	errand->since = deadline_now();
	errand->client->waiting++;
	errand->domain->waiting++;
}

void
queue_append(struct primary *primary, struct errand *errand)
{
	enter(errand);
	errands_append(&primary->waiting, errand);
}

void
queue_prepend(struct primary *primary, struct errand *errand)
{
	enter(errand);
	errands_prepend(&primary->waiting, errand);
}

void
queue_remove(struct primary *primary, struct errand *errand)
{
	errands_remove(&primary->waiting, errand);
	errand->client->waiting--;
	errand->domain->waiting--;
	if (!errand->greeted_soon)
		errand->waited += deadline_now() - errand->since;
}

static void
end(struct primary *primary, struct errand *errand, enum errand_state state)
{
	errand->state = state;
	if (errand->link != NULL && errand->link->reserved == errand)
		errand->link->reserved = NULL;
	errand->link = NULL;
	if (state == ERRAND_SKIPPED)
		primary->skipped++;
	pool_tell(primary->pool, errand);
}

void
queue_refuse(struct primary *primary, struct errand *errand)
{
	end(primary, errand, ERRAND_SKIPPED);
}

void
queue_skip(struct primary *primary, struct errand *errand)
{
	queue_remove(primary, errand);
	end(primary, errand, ERRAND_SKIPPED);
}

bool
queue_make_room(struct primary *primary, const struct errand *newcomer)
{
	struct errand *worst = NULL;

	for (struct errand *errand = primary->waiting.first; errand != NULL;
	     errand = errand->next)
		if (errand->link == NULL &&
		    (worst == NULL || errand->client->waiting >= worst->client->waiting))
			worst = errand;
	if (worst == NULL || worst->client->waiting <= newcomer->client->waiting + 1)
		return false;
	queue_skip(primary, worst);
	return true;
}

struct errand *
queue_choose(const struct primary *primary)
{
	struct errand *best = NULL;
	size_t least = SIZE_MAX;

	for (struct errand *errand = primary->waiting.first; errand != NULL;
	     errand = errand->next) {
		size_t share = errand->client->asking + errand->domain->asking;

		if (errand->behind)
			share += SIZE_MAX / 2;
		if (errand->link == NULL && !errand->fresh && share < least) {
			least = share;
			best = errand;
		}
	}
	return best;
}

static void
count_answer(struct primary *primary, const struct smtp_answer *answer)
{
	time_t now = time(NULL);

	if (answer->finding == FINDING_EXISTS)
		primary->yes++;
	else if (finding_is_no(answer->finding))
		primary->no++;
	else
		primary->undecided++;
	if (finding_is_verdict(answer->finding))
		primary->policy_since = 0;
	if (answer->finding != FINDING_POLICY && answer->finding != FINDING_AMBIGUOUS)
		return;
	if (primary->policy_since == 0)
		primary->policy_since = now;
	primary->policy_last = now;
	snprintf(primary->policy_text, sizeof(primary->policy_text), "%.127s",
	    answer->code != 0          ? answer->text
		: answer->note != NULL ? answer->note
				       : "");
}

void
queue_finish(struct primary *primary, struct errand *errand)
{
	count_answer(primary, &errand->inquiry.answer);
	end(primary, errand, ERRAND_OVER);
}

void
queue_finish_with(
    struct primary *primary, struct errand *errand, const struct smtp_answer *answer)
{
	queue_remove(primary, errand);
	errand->inquiry.ask.answer = *answer;
	inquiry_take(&errand->inquiry, false);
	if (!errand->inquiry.done) /* not so: without an open conversation it always is */
		errand->inquiry.answer = *answer;
	queue_finish(primary, errand);
}

void
queue_skip_late(struct primary *primary, size_t room)
{
	int64_t now = deadline_now();
	struct errand *errand, *next;

	for (errand = primary->waiting.first; errand != NULL; errand = next) {
		next = errand->next;
		if (errand->link != NULL)
			continue;
		if (room == 0 && errand->greeted_soon)
			errand->since = now;
		errand->greeted_soon = room > 0;
		if (room > 0)
			room--;
		else if (errand->waited + now - errand->since >= PRIMARY_PATIENCE)
			queue_skip(primary, errand);
	}
}

int64_t
queue_wake(const struct primary *primary, size_t room)
{
	int64_t wake = INT64_MAX;

	for (const struct errand *errand = primary->waiting.first; errand != NULL;
	     errand = errand->next) {
		if (errand->link != NULL)
			continue;
		if (room > 0)
			room--;
		else
			wake = deadline_earlier(
			    wake, errand->since + PRIMARY_PATIENCE - errand->waited);
	}
	return wake;
}
