#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"

#define UNUSED_KEPT (600 * 1000) /* ms that is known what a server puts up with */

void
pool_start(struct pool *pool)
{
	pool->primaries = NULL;
	pool->links = 0;
	pool->told = NULL;
	pool->told_end = &pool->told;
	pool->polled = NULL;
	pool->polled_of = NULL;
	pool->polled_size = 0;
}

bool
pool_same_server(const struct record_server *a, const struct record_server *b)
{
	return a->family == b->family && a->port == b->port &&
	    memcmp(a->address, b->address, a->family == 4 ? 4 : 16) == 0;
}

size_t
pool_links_at(const struct pool *pool, const struct record_server *server)
{
	size_t count = 0;

	for (const struct primary *primary = pool->primaries; primary != NULL;
	     primary = primary->next)
		if (pool_same_server(&primary->server, server))
			for (const struct link *link = primary->links; link != NULL;
			     link = link->next)
				count++;
	return count;
}

static struct primary *
make(struct pool *pool, const struct record_server *server, const struct settings *settings)
{
	struct primary *primary = calloc(1, sizeof(*primary));

	if (primary == NULL)
		return NULL;
	primary->pool = pool;
	primary->server = *server;
	record_server_text(primary->text, server);
	snprintf(primary->helo, sizeof(primary->helo), "%s", settings->helo);
	snprintf(primary->tls_name, sizeof(primary->tls_name), "%s", settings->tls_name);
	primary->tls = settings->tls;
	primary_begin(primary);
	primary->next = pool->primaries;
	pool->primaries = primary;
	return primary;
}

/* Servers with the same address are told apart by how they are spoken to. */
static struct primary *
find(struct pool *pool, const struct record_server *server, const struct settings *settings)
{
	struct primary *primary;

	for (primary = pool->primaries; primary != NULL; primary = primary->next)
		if (pool_same_server(&primary->server, server) &&
		    primary->tls == settings->tls &&
		    strcmp(primary->tls_name, settings->tls_name) == 0 &&
		    strcmp(primary->helo, settings->helo) == 0)
			return primary;
	return make(pool, server, settings);
}

void
pool_add(struct pool *pool, const struct record_server *server, struct errand *errand)
{
	struct primary *primary = find(pool, server, errand->settings);

	errand->primary = primary;
	errand->told = false;
	if (primary == NULL) {
		errand->state = ERRAND_SKIPPED;
		pool_tell(pool, errand);
		return;
	}
	primary_add(primary, errand);
}

static void
untell(struct pool *pool, const struct errand *errand)
{
	struct errand **at = &pool->told;

	while (*at != errand)
		at = &(*at)->next_told;
	*at = errand->next_told;
	if (pool->told_end == &errand->next_told)
		pool->told_end = at;
}

void
pool_leave(struct pool *pool, struct errand *errand)
{
	if (errand->told)
		untell(pool, errand);
	errand->told = false;
	if (errand->primary != NULL)
		primary_leave(errand->primary, errand);
}

void
pool_tell(struct pool *pool, struct errand *errand)
{
	if (errand->told)
		return;
	errand->told = true;
	errand->next_told = NULL;
	*pool->told_end = errand;
	pool->told_end = &errand->next_told;
}

struct errand *
pool_news(struct pool *pool)
{
	struct errand *errand = pool->told;

	if (errand == NULL)
		return NULL;
	pool->told = errand->next_told;
	if (pool->told == NULL)
		pool->told_end = &pool->told;
	errand->told = false;
	return errand;
}

bool
pool_has_news(const struct pool *pool)
{
	return pool->told != NULL;
}

/* Room to remember which links are polled. */
static bool
make_room(struct pool *pool, size_t count)
{
	struct link **links;
	struct primary **primaries;

	if (count <= pool->polled_size)
		return true;
	links = realloc(pool->polled, 2 * count * sizeof(struct link *));
	if (links != NULL)
		pool->polled = links;
	primaries = realloc(pool->polled_of, 2 * count * sizeof(struct primary *));
	if (primaries != NULL)
		pool->polled_of = primaries;
	if (links == NULL || primaries == NULL)
		return false;
	pool->polled_size = 2 * count;
	return true;
}

size_t
pool_poll(struct pool *pool, struct pollfd *pollfds, size_t max, int64_t *wake)
{
	size_t count = 0;

	for (struct primary *primary = pool->primaries; primary != NULL;
	     primary = primary->next) {
		*wake = deadline_earlier(*wake, primary_wake(primary));
		for (struct link *link = primary->links; link != NULL; link = link->next) {
			if (link->fd == -1 || count == max || !make_room(pool, count + 1))
				continue;
			pollfds[count].fd = link->fd;
			pollfds[count].events = link->events;
			pollfds[count].revents = 0;
			pool->polled[count] = link;
			pool->polled_of[count++] = primary;
		}
	}
	return count;
}

static void
forget_unused(struct pool *pool)
{
	int64_t now = deadline_now();
	struct primary **at = &pool->primaries;

	while (*at != NULL) {
		struct primary *primary = *at;

		if (primary->links != NULL || primary->waiting.count > 0 ||
		    now - primary->used < UNUSED_KEPT) {
			at = &primary->next;
			continue;
		}
		*at = primary->next;
		free(primary);
	}
}

void
pool_step(struct pool *pool, const struct pollfd *pollfds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct link *link = pool->polled[i];

		if (pollfds[i].revents == 0 && deadline_left(link->patience.wake) > 0)
			continue;
		link_step(link);
		primary_follow(pool->polled_of[i], link);
	}
}

void
pool_dispatch(struct pool *pool)
{
	for (struct primary *primary = pool->primaries; primary != NULL;
	     primary = primary->next)
		primary_dispatch(primary);
	forget_unused(pool);
}

void
pool_stop(struct pool *pool)
{
	for (struct primary *primary = pool->primaries; primary != NULL;
	     primary = primary->next)
		for (struct link *link = primary->links; link != NULL; link = link->next)
			if (link->state == LINK_READY)
				link_quit(link);
}
