/*
 * The questions of rcptserve on their way: taken, waiting for their turn, being asked, done.
 * Bounded in number and memory.
 */
#ifndef DOOR_SERVEQUEUE_H
#define DOOR_SERVEQUEUE_H

#include <poll.h>
#include <stdint.h>

#include "protocol.h"
#include "rcpt/check.h"
#include "rcpt/checker.h"

#define SERVEQUEUE_MAX    1024 /* questions in all */
#define SERVEQUEUE_ASKING 100  /* checks under way, or done and not yet released */
#define SERVEQUEUE_DOMAIN 20   /* of one domain: servers dislike more from one client */
#define SERVEQUEUE_PLACES 256  /* to count that in; domains may share one */

struct serveitem {
	struct question question;
	struct check *check; /* from when it is begun */

	/* the queue's own */
	struct serveitem *next;
	size_t place;  /* of its domain */
	int64_t taken; /* when it came (deadline.h): its time runs from then */
};

struct serveitems {
	struct serveitem *first, **end;
};

struct servequeue {
	struct checker *checker;
	bool relay;  /* the client may relay: nobody is checked */
	size_t open; /* questions added and not released */

	/* its own */
	struct serveitem items[SERVEQUEUE_MAX];
	size_t items_made;
	struct serveitems unused, waiting, done;
	struct serveitem *asking[SERVEQUEUE_ASKING];
	size_t asking_count;
	size_t of_domain[SERVEQUEUE_PLACES];
	struct check *checks[SERVEQUEUE_ASKING]; /* not in use */
	size_t check_count, checks_made;
};

/* All but the first two must be zero. Returns 0, or -1 when there is no memory. */
int servequeue_start(struct servequeue *queue);

/* One to put a question into; NULL: it is full. Until it is added, it is the same again. */
struct serveitem *servequeue_room(struct servequeue *queue);
void servequeue_add(struct servequeue *queue);

/* Begins the checks for which it is time: in order, but for those of domains with many. */
void servequeue_begin(struct servequeue *queue);

/* Fills in what to poll, SERVEQUEUE_ASKING at most, and until when. Returns how many. */
size_t servequeue_poll(const struct servequeue *queue, struct pollfd *pollfds, int64_t *wake);

/* Goes on with what is ready, by the same pollfds. */
void servequeue_step(struct servequeue *queue, const struct pollfd *pollfds);

/* The first that is done, until it is released; NULL: none. */
struct serveitem *servequeue_done(const struct servequeue *queue);
void servequeue_release(struct servequeue *queue);

#endif
