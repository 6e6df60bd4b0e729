/*
 * All primaries, and the connections to them. Non-blocking; the caller polls.
 *
 *	for (;;) {
 *		pool_add(&pool, server, &errand) as it is wanted
 *		pool_dispatch(&pool);
 *		while ((errand = pool_news(&pool)) != NULL)
 *			it is over, skipped, or slow
 *		n = pool_poll(&pool, pollfds, max, &wake);
 *		poll(pollfds, n, until wake);
 *		pool_step(&pool, pollfds, n);
 *	}
 *
 * Between pool_poll and pool_step nothing else may be called.
 */
#ifndef RCPT_POOL_H
#define RCPT_POOL_H

#include <poll.h>

#include "primary.h"

struct pool {
	/* the caller's */
	struct tlsclient_context *tls_context;
	link_watch *watch; /* or NULL */
	size_t links_max;  /* connections in all */

	/* its own */
	struct primary *primaries;
	size_t links;
	struct errand *told, **told_end;
	struct link **polled;
	struct primary **polled_of;
	size_t polled_size;
};

void pool_start(struct pool *pool);

/* settings of the errand say how. Errands that can't even wait are skipped, as news. */
void pool_add(struct pool *pool, const struct record_server *server, struct errand *errand);

/* Forgets an errand. The answer, if one is still to come, is nobody's. */
void pool_leave(struct pool *pool, struct errand *errand);

/* Returns how many pollfds it has filled, at most max; wake: when to step at the latest. */
size_t pool_poll(struct pool *pool, struct pollfd *pollfds, size_t max, int64_t *wake);
void pool_step(struct pool *pool, const struct pollfd *pollfds, size_t count);

/* Asks what can be asked now: as much of it together as has come until then. */
void pool_dispatch(struct pool *pool);

/* The next errand that is over, skipped or slow; NULL when there is none. */
struct errand *pool_news(struct pool *pool);
bool pool_has_news(const struct pool *pool);

/* Says goodbye to all servers, without waiting. */
void pool_stop(struct pool *pool);

/* For primary.c: tells the caller about an errand; how many links an address has. */
void pool_tell(struct pool *pool, struct errand *errand);
size_t pool_links_at(const struct pool *pool, const struct record_server *server);
bool pool_same_server(const struct record_server *a, const struct record_server *b);

#endif
