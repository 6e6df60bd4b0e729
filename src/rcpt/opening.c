#include "opening.h"

#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "flight.h"
#include "pool.h"
#include "queue.h"

#define QUICK_FLIGHT 50          /* ms longer than twice the fastest */
#define TLS_HOLDS    (60 * 1000) /* ms until TLS is tried again that is required */
#define CLEAR_HOLDS  (3600 * 1000)
#define SPARE_USED                                                                             \
	(10 * 1000) /* a successor is opened if the server was asked within these ms */
#define IDLE_EXTRA (30 * 1000) /* ms that more connections than one are kept unused */

/* All who wait have the answer of a connection that could not be opened. */
static void
fail_waiting(struct primary *primary, const struct smtp_answer *answer, bool timed_out)
{
	struct errand *errand, *next;

	for (errand = primary->waiting.first; errand != NULL; errand = next) {
		next = errand->next;
		if (errand->link != NULL)
			continue; /* it has another one on the way */
		errand->timed_out = timed_out;
		queue_finish_with(primary, errand, answer);
	}
}

/* The server must be asked over TLS that we can trust, and cannot be. */
static struct smtp_answer
tls_answer(const struct primary *primary)
{
	struct smtp_answer answer = {
	    .finding = FINDING_POLICY, .stage = SMTP_STARTTLS, .note = "tls-failed"};

	snprintf(answer.text, sizeof(answer.text), "%s", primary->tls_reason);
	return answer;
}

bool
opening_lacks_tls(struct primary *primary, struct smtp_answer *answer)
{
	if (primary->tls != TLS_REQUIRE)
		return false;
	if (primary->tls_name[0] == '\0')
		snprintf(primary->tls_reason, sizeof(primary->tls_reason),
		    "no name to verify: set tls_name");
	else if (primary->manners.tls_bad_until <= deadline_now())
		return false;
	*answer = tls_answer(primary);
	return true;
}

void
opening_failed(struct primary *primary, struct link *link)
{
	struct errand *errand = link->reserved;
	struct smtp_answer answer = link->smtp.answer;
	size_t working = 0;

	link->reserved = NULL;
	if (errand != NULL)
		errand->link = NULL;
	for (const struct link *other = primary->links; other != NULL; other = other->next)
		working += other != link && link_works(other);
	if (link->tls_failed)
		snprintf(
		    primary->tls_reason, sizeof(primary->tls_reason), "%s", link->tls_reason);
	if (link->tls_failed && primary->tls == TLS_MAY) {
		primary->manners.clear_until = deadline_now() + CLEAR_HOLDS;
		return;
	}
	if (link->tls_failed) {
		primary->manners.tls_bad_until = deadline_now() + TLS_HOLDS;
		answer = tls_answer(primary);
	} else if (working > 0) {
		manners_full(&primary->manners, working, deadline_now());
		return;
	}
	fail_waiting(primary, &answer, link->late);
}

/* Until then a flight is as fast as one that went well, more or less. */
static int64_t
quick_until(const struct primary *primary, const struct link *link)
{
	return link->asked_at + QUICK_FLIGHT + 2 * primary->manners.fastest;
}

static bool
may_open(const struct primary *primary)
{
	const struct pool *pool = primary->pool;
	size_t links = pool_links_at(pool, &primary->server);

	return links < primary->connections && pool->links < pool->links_max &&
	    (primary->manners.connections == 0 || links < primary->manners.connections);
}

/* Does another one wait for the same server, and has no connection to it? */
static bool
another_waits(const struct primary *primary)
{
	for (const struct primary *other = primary->pool->primaries; other != NULL;
	     other = other->next)
		if (other != primary && other->links == NULL && other->waiting.count > 0 &&
		    pool_same_server(&other->server, &primary->server))
			return true;
	return false;
}

void
opening_yield(struct primary *primary)
{
	for (struct primary *other = primary->pool->primaries; other != NULL;
	     other = other->next)
		if (pool_same_server(&other->server, &primary->server))
			other->yields = other == primary;
}

/* Opens a connection, for this errand alone or (NULL) for all. */
static bool
open_link(struct primary *primary, struct errand *errand)
{
	struct link *link;

	if (!may_open(primary) || (primary->yields && another_waits(primary)))
		return false;
	primary->yields = false;
	link = link_open(&primary->terms, primary->connect_timeout, primary->command_timeout);
	if (link == NULL)
		return false;
	primary->opened++;
	primary->pool->links++;
	link->next = primary->links;
	primary->links = link;
	link->reserved = errand;
	if (errand != NULL)
		errand->link = link;
	if (link->state == LINK_GONE)
		primary_follow(primary, link);
	return true;
}

/* Is it likely to be ready again before another connection would be? */
static bool
is_quick(const struct primary *primary, const struct link *link)
{
	return deadline_now() < quick_until(primary, link);
}

/* How many errands can do without another connection. */
static size_t
room_to_come(const struct primary *primary)
{
	size_t room = 0;

	for (const struct link *link = primary->links; link != NULL; link = link->next) {
		if (link->reserved != NULL)
			continue;
		if (link->state == LINK_OPENING)
			room += SMTP_FLIGHT_MAX;
		else if (link->state == LINK_ASKING && flight_credit(link) > 0 &&
		    is_quick(primary, link))
			room += primary->manners.window;
	}
	return room;
}

/* Is it needed: new, with questions that wait, or for the second questions of some? */
static bool
is_awaited(const struct primary *primary, const struct link *link)
{
	if (link->smtp.asked == 0 && primary->waiting.count > 0)
		return true;
	for (const struct errand *errand = primary->waiting.first; errand != NULL;
	     errand = errand->next)
		if (errand->link == link)
			return true;
	return false;
}

/*
 * Says goodbye to one that nobody uses, so that another can be opened in its place: to the same
 * server, whatever domains are asked about over it; or to any, when there are too many in all.
 */
static void
make_way(const struct primary *primary)
{
	const struct pool *pool = primary->pool;
	bool all = pool->links >= pool->links_max;

	for (struct primary *other = pool->primaries; other != NULL; other = other->next) {
		if (!all && !pool_same_server(&other->server, &primary->server))
			continue;
		for (struct link *link = other->links; link != NULL; link = link->next) {
			if (link->state == LINK_CLOSING)
				return;
			if (link->state != LINK_READY || link->reserved != NULL ||
			    is_awaited(other, link))
				continue;
			opening_yield(other);
			link_quit(link);
			primary_follow(other, link);
			return;
		}
	}
}

bool
opening_lacks_fresh(const struct primary *primary)
{
	bool wanted = false;

	for (const struct link *link = primary->links; link != NULL; link = link->next)
		if (link->state == LINK_CLOSING || link->state == LINK_OPENING)
			return false;
	for (const struct errand *errand = primary->waiting.first; errand != NULL;
	     errand = errand->next)
		wanted = wanted || (errand->fresh && errand->link == NULL);
	return wanted && !may_open(primary);
}

bool
opening_starves(const struct primary *primary)
{
	bool starves = false;

	for (const struct primary *other = primary->pool->primaries; other != NULL;
	     other = other->next)
		starves = starves ||
		    (other != primary && other->links == NULL && other->waiting.count > 0 &&
			!may_open(other) && pool_same_server(&other->server, &primary->server));
	return starves;
}

/* Connections for those who want one for themselves. */
static void
open_fresh(struct primary *primary)
{
	struct errand *errand, *next;

	for (errand = primary->waiting.first; errand != NULL; errand = next) {
		next = errand->next;
		if (errand->link != NULL || !errand->fresh)
			continue;
		if (!may_open(primary)) {
			make_way(primary);
			return;
		}
		if (!open_link(primary, errand))
			return;
		next =
		    primary->waiting.first; /* if it failed at once, others may be over, too */
	}
}

static void
open_links(struct primary *primary)
{
	bool opened = true;

	while (opened) {
		size_t waiting = 0;

		for (const struct errand *errand = primary->waiting.first; errand != NULL;
		     errand = errand->next)
			waiting += errand->link == NULL && !errand->fresh;
		opened = waiting > room_to_come(primary) && open_link(primary, NULL);
		if (waiting > 0 && primary->links == NULL)
			make_way(primary);
	}
}

/* A successor for connections that will soon have to be left, while they are still in use. */
static void
open_spare(struct primary *primary)
{
	bool working = false;

	if (deadline_now() - primary->used > SPARE_USED)
		return;
	for (const struct link *link = primary->links; link != NULL; link = link->next) {
		working = working || link_works(link);
		if (link->state == LINK_OPENING ||
		    (link_works(link) && flight_credit(link) > FLIGHT_FEW &&
			flight_transactions(primary, link) > FLIGHT_FEW))
			return;
	}
	if (working)
		(void)open_link(primary, NULL);
}

size_t
opening_room(const struct primary *primary)
{
	size_t room = 0;

	for (const struct link *link = primary->links; link != NULL; link = link->next)
		if (link->state == LINK_OPENING && link->reserved == NULL)
			room += SMTP_FLIGHT_MAX;
	return room;
}

/* More connections than one are not kept unused, and none for ever. */
static void
close_idle(struct primary *primary)
{
	int64_t now = deadline_now();
	size_t working = 0;
	struct link *link, *next;

	for (link = primary->links; link != NULL; link = link->next)
		working += link_works(link);
	for (link = primary->links; link != NULL; link = next) {
		next = link->next;
		if (link->state != LINK_READY ||
		    (now - link->opened < FLIGHT_LIFE &&
			(working < 2 || now - link->landed_at < IDLE_EXTRA)))
			continue;
		working--;
		link_quit(link);
		primary_follow(primary, link);
	}
}

void
opening_dispatch(struct primary *primary)
{
	open_fresh(primary);
	open_links(primary);
	open_spare(primary);
	close_idle(primary);
}

int64_t
opening_wake(const struct primary *primary)
{
	int64_t wake = INT64_MAX;
	size_t ready = 0;

	for (const struct link *link = primary->links; link != NULL; link = link->next) {
		wake = deadline_earlier(wake, link->patience.wake);
		if (link->state == LINK_READY)
			wake = deadline_earlier(wake,
			    ready++ > 0 ? link->landed_at + IDLE_EXTRA
					: link->opened + FLIGHT_LIFE);
		if (primary->waiting.count > 0 && link->state == LINK_ASKING &&
		    is_quick(primary, link))
			wake = deadline_earlier(wake, quick_until(primary, link));
	}
	return wake;
}
