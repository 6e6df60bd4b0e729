#include "primary.h"

#include "base/deadline.h"
#include "flight.h"
#include "opening.h"
#include "pool.h"
#include "queue.h"

void
primary_begin(struct primary *primary)
{
	static const enum smtp_tls levels[] = {
	    [TLS_MAY] = SMTP_TLS_MAY, [TLS_OFF] = SMTP_TLS_NONE, [TLS_REQUIRE] = SMTP_TLS_MUST};
	struct pool *pool = primary->pool;

	manners_begin(&primary->manners);
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

/* The most that any of those who wait allows. */
static void
take_limits(struct primary *primary, const struct settings *settings)
{
	bool alone = primary->waiting.count == 0;

	primary->connections = settings->probe_connections;
	if (alone || settings->connect_timeout > primary->connect_timeout)
		primary->connect_timeout = settings->connect_timeout;
	if (alone || settings->command_timeout > primary->command_timeout)
		primary->command_timeout = settings->command_timeout;
}

void
primary_add(struct primary *primary, struct errand *errand)
{
	struct smtp_answer answer;
	bool full = primary->waiting.count >= PRIMARY_QUEUE ||
	    (errand->behind && primary->waiting.count > 0);

	primary->used = deadline_now();
	take_limits(primary, errand->settings);
	errand->left_behind = false;
	errand->primary = primary;
	errand->link = NULL;
	errand->fresh = false;
	errand->tries = 0;
	errand->kept = errand->dated = errand->alone = false;
	errand->slow = false;
	errand->timed_out = false;
	inquiry_start(&errand->inquiry, errand->question);
	if (full && (errand->behind || !queue_make_room(primary, errand))) {
		errand->left_behind = errand->behind;
		queue_refuse(primary, errand);
		return;
	}
	queue_append(primary, errand);
	if (opening_lacks_tls(primary, &answer))
		queue_finish_with(primary, errand, &answer);
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
		queue_remove(primary, errand);
	if (errand->state == ERRAND_ASKING) {
		errand->client->asking--;
		errand->domain->asking--;
	}
	errand->state = ERRAND_IDLE;
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
		if (link_works(other))
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
		flight_land(primary, link);
	else if ((link->state == LINK_GONE || link->state == LINK_CLOSING) &&
	    link->smtp.asked == 0 && (!link->greeted || !link_is_kept(link)) && !link->judged &&
	    !link->quit) {
		link->judged = true;
		opening_failed(primary, link);
	}
	if (link->state == LINK_GONE || link->state == LINK_CLOSING)
		flight_lose(primary, link);
	if (link->state == LINK_GONE)
		remove_link(primary, link);
}

void
primary_dispatch(struct primary *primary)
{
	int64_t now = deadline_now();
	struct link *link, *next;

	manners_forget(&primary->manners, now);
	if (primary->tls == TLS_MAY)
		primary->terms.tls =
		    primary->manners.clear_until > now ? SMTP_TLS_NONE : SMTP_TLS_MAY;
	for (link = primary->links; link != NULL; link = next) {
		next = link->next;
		if (link->state != LINK_READY)
			continue;
		if (primary->waiting.count > 0)
			link_step(link); /* what it has said meanwhile comes first */
		if (link->state == LINK_READY)
			flight_begin(primary, link);
		else
			primary_follow(primary, link);
	}
	opening_dispatch(primary);
	queue_skip_late(primary, opening_room(primary));
}

int64_t
primary_wake(const struct primary *primary)
{
	return deadline_earlier(
	    opening_wake(primary), queue_wake(primary, opening_room(primary)));
}
