#include "flight.h"

#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "opening.h"
#include "pool.h"
#include "queue.h"

#define TRIES_SHARED 2 /* an errand's, before it gets a connection for itself alone */
#define CREDIT_WORTH 3

/* So many refusals an errand may bring at most: of the address, to be confirmed, the control. */
static size_t
weight(const struct errand *errand)
{
	const struct inquiry_question *question = errand->question;

	return 1u + (question->confirm_sender[0] != '\0' ? 1u : 0u) +
	    (question->doubt && question->control[0] != '\0' ? 1u : 0u);
}

/*
 * So many transactions it may need, one after the other, all over the same connection: a "no" that
 * cannot be controlled any more counts for nothing.
 */
static size_t
turns(const struct primary *primary, const struct errand *errand)
{
	const struct inquiry_question *question = errand->question;
	bool controlled =
	    question->control[0] != '\0' && (question->doubt || primary->manners.vague);

	return 1u + (question->confirm_sender[0] != '\0' ? 1u : 0u) +
	    (controlled || question->nobody[0] != '\0' ? 1u : 0u);
}

size_t
flight_credit(const struct link *link)
{
	return link->refusals < MANNERS_REFUSALS ? MANNERS_REFUSALS - link->refusals : 0;
}

size_t
flight_transactions(const struct primary *primary, const struct link *link)
{
	size_t most = manners_transactions(&primary->manners, link->smtp.greeting);
	int64_t age = deadline_now() - link->opened;

	if (age >= FLIGHT_LIFE || link->smtp.mails >= most)
		return 0;
	most -= link->smtp.mails;
	return age >= FLIGHT_LIFE / 4 * 3 && most > FLIGHT_FEW ? FLIGHT_FEW : most;
}

static void
board(struct primary *primary, struct link *link, struct errand *errand, uint32_t *timeout)
{
	queue_remove(primary, errand);
	errand->state = ERRAND_ASKING;
	errand->link = NULL;
	errand->client->asking++;
	errand->domain->asking++;
	if (errand->inquiry.step == INQUIRY_ADDRESS) {
		errand->kept = link_is_kept(link);
		errand->dated = deadline_now() - link->opened > FLIGHT_BELIEVED;
		errand->shared = false;
	}
	link_add(link, &errand->inquiry.ask, errand);
	if (errand->settings->command_timeout > *timeout)
		*timeout = errand->settings->command_timeout;
	primary->asked++;
}

/* Can it be asked here? If not, it is over. */
static bool
suits(struct primary *primary, const struct link *link, struct errand *errand)
{
	struct inquiry *inquiry = &errand->inquiry;

	if (!smtp_lacks(&link->smtp, &inquiry->ask))
		return true;
	queue_finish_with(primary, errand, &inquiry->ask.answer);
	return false;
}

/* Those whose second questions must go over this connection. */
static size_t
board_bound(struct primary *primary, struct link *link, size_t room, uint32_t *timeout)
{
	struct errand *errand, *next;
	size_t load = 0;

	for (errand = primary->waiting.first; errand != NULL && link->count < room;
	     errand = next) {
		next = errand->next;
		if (errand->link != link || !suits(primary, link, errand))
			continue;
		load += weight(errand);
		board(primary, link, errand, timeout);
	}
	return load;
}

/* Is it one that can share a transaction? Second questions can't: what they prove must be certain. */
static bool
is_sociable(const struct link_asker *asker)
{
	const struct errand *errand = asker->owner;

	return errand->inquiry.step == INQUIRY_ADDRESS && !errand->alone;
}

/* Puts together what can be; or finds out if it can. */
static void
join(struct primary *primary, struct link *link)
{
	size_t joining = manners_joining(&primary->manners, link->count, deadline_now());

	for (size_t i = link->count - joining; i < link->count; i++)
		link->asks[i].joins = link->smtp.pipelining && is_sociable(&link->askers[i]) &&
		    is_sociable(&link->askers[i - 1]) &&
		    link->asks[i].needs_utf8 == link->asks[i - 1].needs_utf8;
}

void
flight_begin(struct primary *primary, struct link *link)
{
	size_t room = smtp_room(&link->smtp), left = flight_transactions(primary, link), load;
	struct errand *errand;
	uint32_t timeout = 0;

	load = board_bound(primary, link, room, &timeout);
	if (link->smtp.asked > 0 && link->count == 0 && link->reserved == NULL &&
	    (opening_starves(primary) || opening_lacks_fresh(primary))) {
		if (opening_starves(primary))
			opening_yield(primary);
		link_quit(link);
		primary_follow(primary, link);
		return;
	}
	if (room > primary->manners.window)
		room = primary->manners.window;
	/* With many waiting, little flights over what is left cost more than another connection. */
	if (load == 0 && flight_credit(link) < CREDIT_WORTH &&
	    primary->waiting.count > flight_credit(link)) {
		link_quit(link);
		primary_follow(primary, link);
		return;
	}
	left = left > link->count ? left - link->count : 0;
	while (link->reserved == NULL && link->count < room && left > 0) {
		size_t needed;

		errand = queue_choose(primary);
		/* With nothing under way yet, one that weighs more than the rest must do. */
		if (errand == NULL ||
		    (load + weight(errand) > flight_credit(link) && load > 0) ||
		    flight_credit(link) == 0)
			break;
		needed = turns(primary, errand);
		/* The first transaction of a flight is that of all, where they share one. */
		if (primary->manners.joins && link->count > 0)
			needed--;
		if (needed > left && link->count > 0)
			break;
		if (!suits(primary, link, errand))
			continue;
		left -= needed < left ? needed : left;
		load += weight(errand);
		board(primary, link, errand, &timeout);
	}
	if (link->count > 0) {
		primary->flights++;
		primary->used = deadline_now();
		join(primary, link);
		link_fly(link, timeout, manners_silence(&primary->manners));
	} else if (flight_credit(link) == 0 || flight_transactions(primary, link) == 0) {
		link_quit(link);
	}
	if (link->state != LINK_READY && link->state != LINK_ASKING)
		primary_follow(primary, link);
}

/*
 * May this answer be about what was asked on the connection before, or about a user that was added
 * since it was opened, and not about this errand?
 */
static bool
wants_repeat(const struct primary *primary, const struct errand *errand)
{
	const struct smtp_answer *answer = &errand->inquiry.answer;

	if (errand->fresh || errand->timed_out)
		return false;
	if (finding_is_verdict(answer->finding))
		return finding_is_no(answer->finding) && errand->dated;
	return (errand->kept || errand->shared) &&
	    !manners_means_it(&primary->manners, answer, deadline_now());
}

/* Asks an errand once more, from its beginning. */
static void
repeat(struct primary *primary, struct errand *errand, bool broken)
{
	errand->link = NULL;
	errand->tries++;
	errand->fresh = !broken || errand->tries >= TRIES_SHARED;
	inquiry_start(&errand->inquiry, errand->question);
	queue_prepend(primary, errand);
}

/*
 * An answer that may be about the question's place in a transaction: once more, in one of its own.
 */
static void
repeat_alone(struct primary *primary, struct errand *errand)
{
	errand->alone = true;
	inquiry_start(&errand->inquiry, errand->question);
	queue_prepend(primary, errand);
}

/* One answer of a flight. */
static void
take_answer(struct primary *primary, struct link *link, struct errand *errand,
    const struct smtp_ask *ask)
{
	bool open = link->state == LINK_READY;

	errand->client->asking--;
	errand->domain->asking--;
	errand->timed_out = link->late;
	if (ask->joins && ask->answer.code != 0 && !manners_is_certain(&ask->answer)) {
		repeat_alone(primary, errand);
		return;
	}
	errand->inquiry.ask.answer = ask->answer;
	inquiry_take(&errand->inquiry, open);
	if (!errand->inquiry.done) {
		errand->link = link;
		queue_prepend(primary, errand);
	} else if (wants_repeat(primary, errand)) {
		repeat(primary, errand, !open);
	} else {
		if (errand->fresh)
			manners_learn_code(
			    &primary->manners, &errand->inquiry.answer, deadline_now());
		queue_finish(primary, errand);
	}
}

/* What the flight tells about the server. */
static void
judge(struct primary *primary, struct link *link)
{
	int64_t now = deadline_now();
	struct manners_flight flight = {
	    .count = link->count,
	    .mails = link->mails,
	    .answered = link->smtp.current,
	    .used = link->smtp.asked > link->count || link->count > 1,
	    .open = link->state == LINK_READY,
	    .note = link->smtp.answer.note,
	    .asks = link->asks,
	    .took = now - link->asked_at,
	};

	if (manners_learn(&primary->manners, &flight, now)) {
		primary->slow++;
		/* Another would only be better if this one was. */
		if (link->was_fast)
			link->refusals = MANNERS_REFUSALS;
	} else {
		link->was_fast = true;
	}
	latency_add(&primary->latency, flight.took);
}

void
flight_land(struct primary *primary, struct link *link)
{
	size_t count = link->count;

	link->landed = false;
	judge(primary, link);
	link->count = 0;
	for (size_t i = count; i-- > 0;) {
		struct errand *errand = link->askers[i].owner;

		if (link->asks[i].answer.code >= 400)
			link->refusals++;
		link->askers[i].owner = NULL;
		if (errand == NULL)
			continue;
		errand->shared = errand->shared || count > 1;
		take_answer(primary, link, errand, &link->asks[i]);
	}
	/* What it was opened for is done, or goes on over it. */
	if (link->reserved != NULL) {
		struct errand *errand = link->reserved;

		if (errand->state != ERRAND_WAITING || errand->link != link)
			link->reserved = NULL;
	}
}

void
flight_lose(struct primary *primary, struct link *link)
{
	struct errand *errand, *next;

	for (errand = primary->waiting.first; errand != NULL; errand = next) {
		next = errand->next;
		if (errand->link != link)
			continue;
		queue_remove(primary, errand);
		errand->inquiry.ask.answer = link->smtp.answer;
		inquiry_take(&errand->inquiry, false);
		if (wants_repeat(primary, errand))
			repeat(primary, errand, true);
		else
			queue_finish(primary, errand);
	}
}
