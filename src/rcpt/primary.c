#include "primary.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "pool.h"

#define PRIMARY_WARY (600 * 1000) /* ms until more is tried again after it was too much */
#define WINDOW_FIRST 2
#define QUICK_FLIGHT 50  /* ms longer than twice the fastest */
#define SLOW_FLIGHT  500 /* ms longer than four times the fastest: a slow-down, or a tarpit */
/*
 * ms that nobody should wait with others. A server that takes its time for each transaction, as
 * Postfix does when it takes mail faster than it gives it on (in_flow_delay), stays below.
 */
#define LONG_FLIGHT  1200
#define TRIES_SHARED 2           /* an errand's, before it gets a connection for itself alone */
#define CODE_HOLDS   (60 * 1000) /* ms; also for TLS that fails though it must not */
#define CLEAR_HOLDS  (3600 * 1000)
#define CREDIT_WORTH 3
#define SPARE_CREDIT 3           /* a connection with less left wants a successor ... */
#define SPARE_USED   (10 * 1000) /* ... if the server was asked within so many ms */
#define IDLE_EXTRA   (30 * 1000) /* ms that more connections than one are kept unused */

void
primary_begin(struct primary *primary)
{
	static const enum smtp_tls levels[] = {
	    [TLS_MAY] = SMTP_TLS_MAY, [TLS_OFF] = SMTP_TLS_NONE, [TLS_REQUIRE] = SMTP_TLS_MUST};
	struct pool *pool = primary->pool;

	primary->window = WINDOW_FIRST;
	primary->transactions = PRIMARY_TRANSACTIONS;
	primary->used = deadline_now();
	primary->terms = (struct link_terms){
	    .server = primary->server,
	    .helo = primary->helo,
	    .tls = levels[primary->tls],
	    .tls_name = primary->tls_name,
	    .tls_context = pool->tls_context,
	    .watch = pool->watch,
	};
}

/* So many refusals an errand may bring at most: of the address, to be confirmed, the control. */
static size_t
weight(const struct errand *errand)
{
	const struct inquiry_question *question = errand->question;

	return 1u + (question->confirm_sender[0] != '\0' ? 1u : 0u) +
	    (question->doubt && question->control[0] != '\0' ? 1u : 0u);
}

/* How many more refusals a connection may have. */
static size_t
credit(const struct link *link)
{
	return link->refusals < PRIMARY_REFUSALS ? PRIMARY_REFUSALS - link->refusals : 0;
}

static size_t
transactions_left(const struct primary *primary, const struct link *link)
{
	size_t most = primary->transactions;

	if (most > PRIMARY_EXIM && strstr(link->smtp.greeting, "Exim") != NULL)
		most = PRIMARY_EXIM;
	return link->smtp.mails < most ? most - link->smtp.mails : 0;
}

static bool
is_working(const struct link *link)
{
	return link->state == LINK_READY || link->state == LINK_ASKING;
}

/* Until then a flight is as fast as one that went well, more or less. */
static int64_t
quick_until(const struct primary *primary, const struct link *link)
{
	return link->asked_at + QUICK_FLIGHT + 2 * primary->fastest;
}

/* What was learned to be too much is forgotten after a while. */
static void
forget_limits(struct primary *primary)
{
	int64_t now = deadline_now();

	if (primary->window < WINDOW_FIRST && primary->window_until <= now)
		primary->window = WINDOW_FIRST;
	if (primary->transactions_until <= now)
		primary->transactions = PRIMARY_TRANSACTIONS;
	if (primary->most_until <= now)
		primary->most = 0;
	if (primary->tls == TLS_MAY)
		primary->terms.tls = primary->clear_until > now ? SMTP_TLS_NONE : SMTP_TLS_MAY;
}

static void
be_wary(struct primary *primary, size_t window)
{
	primary->window = window > 1 ? window : 1;
	primary->window_until = deadline_now() + PRIMARY_WARY;
}

static void
remove_waiting(struct primary *primary, struct errand *errand)
{
	errands_remove(&primary->waiting, errand);
	errand->client->waiting--;
	errand->domain->waiting--;
	errand->waited += deadline_now() - errand->since;
}

static void
wait_first(struct primary *primary, struct errand *errand)
{
	errand->state = ERRAND_WAITING;
	errand->since = deadline_now();
	errand->client->waiting++;
	errand->domain->waiting++;
	errands_prepend(&primary->waiting, errand);
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

static void
skip(struct primary *primary, struct errand *errand)
{
	remove_waiting(primary, errand);
	end(primary, errand, ERRAND_SKIPPED);
}

void
primary_leave(struct primary *primary, struct errand *errand)
{
	for (struct link *link = primary->links; link != NULL; link = link->next) {
		if (link->reserved == errand)
			link->reserved = NULL;
		for (size_t i = 0; i < link->count; i++)
			if (link->askers[i].owner == errand)
				link->askers[i].owner = NULL;
	}
	if (errand->state == ERRAND_WAITING)
		remove_waiting(primary, errand);
	if (errand->state == ERRAND_ASKING) {
		errand->client->asking--;
		errand->domain->asking--;
	}
	errand->state = ERRAND_IDLE;
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

static void
finish(struct primary *primary, struct errand *errand)
{
	count_answer(primary, &errand->inquiry.answer);
	end(primary, errand, ERRAND_OVER);
}

/* Without a conversation: whatever it would have asked has this answer. */
static void
finish_with(struct primary *primary, struct errand *errand, const struct smtp_answer *answer)
{
	remove_waiting(primary, errand);
	errand->inquiry.ask.answer = *answer;
	inquiry_take(&errand->inquiry, false);
	if (!errand->inquiry.done) /* not so: without an open conversation it always is */
		errand->inquiry.answer = *answer;
	finish(primary, errand);
}

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
		finish_with(primary, errand, answer);
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

/*
 * There is no room for another one. Who has the most waiting goes first, so that one client can
 * fill the room, but not keep the others out.
 */
static bool
make_room(struct primary *primary, const struct errand *newcomer)
{
	struct errand *worst = NULL;

	for (struct errand *errand = primary->waiting.first; errand != NULL;
	     errand = errand->next)
		if (errand->link == NULL &&
		    (worst == NULL || errand->client->waiting >= worst->client->waiting))
			worst = errand;
	if (worst == NULL || worst->client->waiting <= newcomer->client->waiting + 1)
		return false;
	skip(primary, worst);
	return true;
}

/* Is it known already that TLS, which is required, will not do? */
static bool
lacks_tls(struct primary *primary)
{
	if (primary->tls != TLS_REQUIRE)
		return false;
	if (primary->tls_name[0] == '\0')
		snprintf(primary->tls_reason, sizeof(primary->tls_reason),
		    "no name to verify: set tls_name");
	return primary->tls_name[0] == '\0' || primary->tls_bad_until > deadline_now();
}

void
primary_add(struct primary *primary, struct errand *errand)
{
	bool full = primary->waiting.count >= PRIMARY_QUEUE ||
	    (errand->behind && primary->waiting.count > 0);

	primary->used = deadline_now();
	primary->connect_timeout = errand->settings->connect_timeout;
	primary->command_timeout = errand->settings->command_timeout;
	errand->primary = primary;
	errand->link = NULL;
	errand->fresh = false;
	errand->tries = 0;
	errand->kept = false;
	errand->slow = false;
	errand->timed_out = false;
	inquiry_start(&errand->inquiry, errand->question);
	if (full && (errand->behind || !make_room(primary, errand))) {
		end(primary, errand, ERRAND_SKIPPED);
		return;
	}
	errand->state = ERRAND_WAITING;
	errand->since = primary->used;
	errand->client->waiting++;
	errand->domain->waiting++;
	errands_append(&primary->waiting, errand);
	if (lacks_tls(primary)) {
		struct smtp_answer answer = tls_answer(primary);

		finish_with(primary, errand, &answer);
	}
}

/* A connection has gone before it could be used. */
static void
fail_opening(struct primary *primary, struct link *link)
{
	struct errand *errand = link->reserved;
	struct smtp_answer answer = link->smtp.answer;
	size_t working = 0;

	link->reserved = NULL;
	if (errand != NULL)
		errand->link = NULL;
	for (const struct link *other = primary->links; other != NULL; other = other->next)
		working += is_working(other);
	if (link->tls_failed)
		snprintf(
		    primary->tls_reason, sizeof(primary->tls_reason), "%s", link->tls_reason);
	if (link->tls_failed && primary->tls == TLS_MAY) {
		primary->clear_until = deadline_now() + CLEAR_HOLDS;
		return;
	}
	if (link->tls_failed) {
		primary->tls_bad_until = deadline_now() + CODE_HOLDS;
		answer = tls_answer(primary);
	} else if (working > 0) {
		primary->most = working;
		primary->most_until = deadline_now() + CODE_HOLDS;
		return;
	}
	fail_waiting(primary, &answer, link->late);
}

/* May this answer be about what was asked on the connection before, not about this errand? */
static bool
wants_repeat(struct primary *primary, const struct errand *errand, bool used)
{
	const struct smtp_answer *answer = &errand->inquiry.answer;

	if (errand->fresh || !used || errand->timed_out || finding_is_verdict(answer->finding))
		return false;
	return answer->stage != SMTP_RCPT || answer->code == 0 || answer->code == 421 ||
	    answer->code != primary->code || primary->code_until <= deadline_now();
}

/* A second try, which found the same or not. */
static void
learn_code(struct primary *primary, const struct errand *errand)
{
	const struct smtp_answer *answer = &errand->inquiry.answer;

	if (!errand->fresh || answer->stage != SMTP_RCPT || answer->code == 421)
		return;
	if (finding_is_verdict(answer->finding)) {
		primary->code = 0;
	} else if (answer->code != 0) {
		primary->code = answer->code;
		primary->code_until = deadline_now() + CODE_HOLDS;
	}
}

/* Asks an errand once more, from its beginning. */
static void
repeat(struct primary *primary, struct errand *errand, bool broken)
{
	errand->link = NULL;
	errand->tries++;
	errand->fresh = !broken || errand->tries >= TRIES_SHARED;
	inquiry_start(&errand->inquiry, errand->question);
	wait_first(primary, errand);
}

/* One answer of a flight. used: the connection was, or the flight was shared. */
static void
take_answer(struct primary *primary, struct link *link, struct errand *errand,
    const struct smtp_answer *answer, bool used)
{
	bool open = link->state == LINK_READY;

	errand->client->asking--;
	errand->domain->asking--;
	errand->timed_out = link->late;
	errand->inquiry.ask.answer = *answer;
	inquiry_take(&errand->inquiry, open);
	if (!errand->inquiry.done) {
		errand->link = link;
		wait_first(primary, errand);
	} else if (wants_repeat(primary, errand, used)) {
		repeat(primary, errand, !open);
	} else {
		learn_code(primary, errand);
		finish(primary, errand);
	}
}

/* What a flight that is over tells about the server. */
static void
judge_flight(struct primary *primary, struct link *link, bool used)
{
	int64_t took = deadline_now() - link->asked_at;

	if (link->state != LINK_READY && used) {
		const struct smtp_answer *answer = &link->smtp.answer;

		if (answer->note == NULL || strcmp(answer->note, "lost") == 0) {
			/* It has had enough, or is gone: that many it lets us have. */
			primary->transactions =
			    link->mails + (primary->joins ? 0 : link->smtp.current);
			if (primary->transactions == 0)
				primary->transactions = 1;
			primary->transactions_until = deadline_now() + PRIMARY_WARY;
		} else if (link->count > 1) {
			be_wary(primary, 1);
		}
	}
	if (primary->fastest == 0 || took < primary->fastest)
		primary->fastest = took > 0 ? took : 1;
	if (took > SLOW_FLIGHT + 4 * primary->fastest) {
		primary->slow++;
		/* Another would only be better if this one was. */
		if (link->was_fast)
			link->refusals = PRIMARY_REFUSALS;
	}
	if (took > LONG_FLIGHT) {
		be_wary(primary, link->count * LONG_FLIGHT / (size_t)took);
	} else if (link->state == LINK_READY && link->count >= primary->window &&
	    primary->window_until <= deadline_now()) {
		primary->window *= 2;
		if (primary->window > SMTP_FLIGHT_MAX)
			primary->window = SMTP_FLIGHT_MAX;
	}
	link->was_fast = link->was_fast || took <= SLOW_FLIGHT;
	latency_add(&primary->latency, took);
}

/* Does it take more than one recipient from <>? The last two of a flight may have shown that. */
static void
judge_joining(struct primary *primary, const struct link *link)
{
	const struct smtp_ask *last = &link->asks[link->count - 1];
	bool good = true;

	if (link->count < 2)
		return;
	if (!primary->joins && last->joins && last[-1].answer.finding == FINDING_EXISTS) {
		primary->joins = last->answer.finding == FINDING_EXISTS;
		good = primary->joins;
	}
	for (size_t i = 1; i < link->count && primary->joins; i++)
		if (link->asks[i].joins && link->asks[i].answer.code >= 400 &&
		    !finding_is_verdict(link->asks[i].answer.finding))
			good = false;
	if (!good) {
		primary->joins = false;
		primary->apart_until = deadline_now() + PRIMARY_WARY;
	}
}

/* A flight is over. */
static void
land(struct primary *primary, struct link *link)
{
	size_t count = link->count;
	bool used = link->smtp.asked > count || count > 1;

	link->landed = false;
	judge_flight(primary, link, used);
	judge_joining(primary, link);
	link->count = 0;
	for (size_t i = count; i-- > 0;) {
		struct errand *errand = link->askers[i].owner;

		if (link->asks[i].answer.code >= 400)
			link->refusals++;
		link->askers[i].owner = NULL;
		if (errand != NULL)
			take_answer(primary, link, errand, &link->asks[i].answer, used);
	}
	/* What it was opened for is done, or goes on over it. */
	if (link->reserved != NULL) {
		struct errand *errand = link->reserved;

		if (errand->state != ERRAND_WAITING || errand->link != link)
			link->reserved = NULL;
	}
}

/* Those who wait for this very connection have lost it. */
static void
lose_bound(struct primary *primary, struct link *link)
{
	struct errand *errand, *next;

	for (errand = primary->waiting.first; errand != NULL; errand = next) {
		next = errand->next;
		if (errand->link != link)
			continue;
		remove_waiting(primary, errand);
		errand->inquiry.ask.answer = link->smtp.answer;
		inquiry_take(&errand->inquiry, false);
		if (wants_repeat(primary, errand, true))
			repeat(primary, errand, true);
		else
			finish(primary, errand);
	}
}

static void
tell_slow(struct primary *primary, struct link *link)
{
	link->slow = false;
	if (link->state == LINK_ASKING) {
		for (size_t i = 0; i < link->count; i++) {
			struct errand *errand = link->askers[i].owner;

			if (errand == NULL)
				continue;
			errand->slow = true;
			errand->greeted = true;
			pool_tell(primary->pool, errand);
		}
		return;
	}
	if (link->state != LINK_OPENING)
		return;
	for (const struct link *other = primary->links; other != NULL; other = other->next)
		if (is_working(other))
			return;
	for (struct errand *errand = primary->waiting.first; errand != NULL;
	     errand = errand->next) {
		if (errand->link != NULL && errand->link != link)
			continue;
		errand->slow = true;
		errand->greeted = false;
		pool_tell(primary->pool, errand);
	}
}

static void
remove_link(struct primary *primary, struct link *link)
{
	struct link **at = &primary->links;

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	primary->pool->links--;
	link_free(link);
}

void
primary_follow(struct primary *primary, struct link *link)
{
	if (link->slow)
		tell_slow(primary, link);
	if (link->landed)
		land(primary, link);
	else if ((link->state == LINK_GONE || link->state == LINK_CLOSING) && !link->greeted &&
	    !link->judged) {
		link->judged = true;
		fail_opening(primary, link);
	}
	if (link->state == LINK_GONE || link->state == LINK_CLOSING)
		lose_bound(primary, link);
	if (link->state == LINK_GONE)
		remove_link(primary, link);
}

/*
 * The next errand for a connection that is not reserved: the one of whose client and domain the
 * least is under way, and of these the first.
 */
static struct errand *
choose(const struct primary *primary)
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
board(struct primary *primary, struct link *link, struct errand *errand, uint32_t *timeout)
{
	remove_waiting(primary, errand);
	errand->state = ERRAND_ASKING;
	errand->link = NULL;
	errand->client->asking++;
	errand->domain->asking++;
	if (errand->inquiry.step == INQUIRY_ADDRESS)
		errand->kept = link->smtp.asked > 0;
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
	finish_with(primary, errand, &inquiry->ask.answer);
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

/* Can it be in the transaction of the one before? */
static bool
is_alike(const struct smtp_ask *ask, const struct smtp_ask *before)
{
	return strcmp(ask->sender, before->sender) == 0 &&
	    ask->needs_utf8 == before->needs_utf8;
}

/* Puts together what can be; or finds out if it can, where that is worth while. */
static void
join(struct primary *primary, struct link *link)
{
	const struct smtp_ask *last = &link->asks[link->count - 1];
	char path[ADDRESS_PATH_SIZE];
	struct smtp_ask trial = {.sender = "", .path = path, .joins = true};

	for (size_t i = 1; i < link->count && primary->joins; i++)
		link->asks[i].joins = is_alike(&link->asks[i], &link->asks[i - 1]);
	if (primary->joins || primary->apart_until > deadline_now() || !link->smtp.pipelining ||
	    primary->waiting.count == 0 || link->count == SMTP_FLIGHT_MAX ||
	    !is_alike(&trial, last))
		return;
	snprintf(path, sizeof(path), "postmaster@%.*s", ADDRESS_DOMAIN_MAX,
	    strrchr(last->path, '@') + 1);
	link_add(link, &trial, NULL);
}

/* Sends the next flight over a connection that is ready, or says goodbye. */
static void
use_link(struct primary *primary, struct link *link)
{
	size_t room = smtp_room(&link->smtp), load;
	struct errand *errand;
	uint32_t timeout = 0;

	load = board_bound(primary, link, room, &timeout);
	if (room > primary->window)
		room = primary->window;
	/* With many waiting, little flights over what is left cost more than another connection. */
	if (load == 0 && credit(link) < CREDIT_WORTH && primary->waiting.count > credit(link)) {
		link_quit(link);
		primary_follow(primary, link);
		return;
	}
	while (link->reserved == NULL && link->count < room &&
	    (primary->joins || link->count < transactions_left(primary, link)) &&
	    transactions_left(primary, link) > 0) {
		errand = choose(primary);
		/* With nothing under way yet, one that weighs more than the rest must do. */
		if (errand == NULL || (load + weight(errand) > credit(link) && load > 0) ||
		    credit(link) == 0)
			break;
		if (!suits(primary, link, errand))
			continue;
		load += weight(errand);
		board(primary, link, errand, &timeout);
	}
	if (link->count > 0) {
		primary->flights++;
		primary->used = deadline_now();
		join(primary, link);
		link_fly(link, timeout);
	} else if (credit(link) == 0 || transactions_left(primary, link) == 0) {
		link_quit(link);
	}
	if (link->state != LINK_READY && link->state != LINK_ASKING)
		primary_follow(primary, link);
}

static bool
may_open(const struct primary *primary)
{
	const struct pool *pool = primary->pool;
	size_t links = pool_links_at(pool, &primary->server);

	return links < primary->connections && pool->links < pool->links_max &&
	    (primary->most == 0 || links < primary->most);
}

/* Opens a connection, for this errand alone or (NULL) for all. */
static bool
open_link(struct primary *primary, struct errand *errand)
{
	struct link *link;

	if (!may_open(primary))
		return false;
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
		else if (link->state == LINK_ASKING && credit(link) > 0 &&
		    is_quick(primary, link))
			room += primary->window;
	}
	return room;
}

/* Says goodbye to one that nobody uses, so that another can be opened in its place. */
static void
give_way(struct primary *primary)
{
	for (struct link *link = primary->links; link != NULL; link = link->next) {
		if (link->state == LINK_CLOSING)
			return;
		if (link->state == LINK_READY && link->reserved == NULL) {
			link_quit(link);
			primary_follow(primary, link);
			return;
		}
	}
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
			give_way(primary);
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
		working = working || is_working(link);
		if (link->state == LINK_OPENING ||
		    (is_working(link) && credit(link) > SPARE_CREDIT &&
			transactions_left(primary, link) > SPARE_CREDIT))
			return;
	}
	if (working)
		(void)open_link(primary, NULL);
}

/* So many errands wait for the server's greeting, not for room. */
static size_t
room_opening(const struct primary *primary)
{
	size_t room = 0;

	for (const struct link *link = primary->links; link != NULL; link = link->next)
		if (link->state == LINK_OPENING && link->reserved == NULL)
			room += SMTP_FLIGHT_MAX;
	return room;
}

static void
skip_late(struct primary *primary)
{
	size_t room = room_opening(primary);
	int64_t now = deadline_now();
	struct errand *errand, *next;

	for (errand = primary->waiting.first; errand != NULL; errand = next) {
		next = errand->next;
		if (errand->link != NULL)
			continue;
		if (room > 0)
			room--;
		else if (errand->waited + now - errand->since >= PRIMARY_PATIENCE)
			skip(primary, errand);
	}
}

/* More connections than one are not kept for ever. */
static void
close_idle(struct primary *primary)
{
	int64_t now = deadline_now();
	size_t working = 0;
	struct link *link, *next;

	for (link = primary->links; link != NULL; link = link->next)
		working += is_working(link);
	for (link = primary->links; link != NULL; link = next) {
		next = link->next;
		if (working < 2 || link->state != LINK_READY ||
		    now - link->landed_at < IDLE_EXTRA)
			continue;
		working--;
		link_quit(link);
		primary_follow(primary, link);
	}
}

void
primary_dispatch(struct primary *primary)
{
	struct link *link, *next;

	forget_limits(primary);
	for (link = primary->links; link != NULL; link = next) {
		next = link->next;
		if (link->state == LINK_READY)
			use_link(primary, link);
	}
	open_fresh(primary);
	open_links(primary);
	open_spare(primary);
	skip_late(primary);
	close_idle(primary);
}

int64_t
primary_wake(const struct primary *primary)
{
	int64_t wake = INT64_MAX;
	size_t ready = 0, room = room_opening(primary);
	bool waiting = false;

	for (const struct errand *errand = primary->waiting.first; errand != NULL;
	     errand = errand->next) {
		if (errand->link != NULL)
			continue;
		waiting = true;
		if (room > 0)
			room--;
		else
			wake = deadline_earlier(
			    wake, errand->since + PRIMARY_PATIENCE - errand->waited);
	}
	for (const struct link *link = primary->links; link != NULL; link = link->next) {
		wake = deadline_earlier(wake, link->wake);
		if (link->state == LINK_READY && ready++ > 0)
			wake = deadline_earlier(wake, link->landed_at + IDLE_EXTRA);
		if (waiting && link->state == LINK_ASKING && is_quick(primary, link))
			wake = deadline_earlier(wake, quick_until(primary, link));
	}
	return wake;
}
