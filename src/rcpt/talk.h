/*
 * A talk with one server: the connection, the time-outs, and an inquiry over it. Non-blocking;
 * the caller polls.
 *
 *	talk_start(&talk, ...);
 *	while (!talk.done) {
 *		poll talk.fd for talk.events until talk.wake;
 *		talk_step(&talk);
 *	}
 */
#ifndef RCPT_TALK_H
#define RCPT_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "checker.h"
#include "dialogue.h"

/* How long to wait, and who looks on. */
struct talk_terms {
	const char *helo;
	uint32_t connect_timeout, command_timeout; /* seconds */
	int64_t deadline;     /* deadline.h; ends the talk whatever it is waiting for */
	checker_watch *watch; /* or NULL */
	void *watch_context;
};

struct talk {
	/* for the caller */
	bool done;
	int fd;         /* to poll; -1: not connected */
	short events;   /* POLLIN or POLLOUT */
	int64_t wake;   /* step again at this time (deadline.h) at the latest */
	bool slow;      /* what it waits for now has taken longer than a sound server does */
	bool timed_out; /* when done: by a time-out of its own, not the deadline */
	struct dialogue dialogue; /* its inquiry has the answer, when done */

	/* its own */
	const struct talk_terms *terms;
	bool connecting;
	int64_t slow_at, late_at; /* when it is slow, and when the wait ends */
};

/* Begins. question and terms must outlive the talk. */
void talk_start(struct talk *talk, const struct record_server *server,
    const struct inquiry_question *question, const struct talk_terms *terms);

/* Goes on as far as it goes without waiting. */
void talk_step(struct talk *talk);

/* Ends it early, without a statement unless there was one; note is a constant text. */
void talk_stop(struct talk *talk, const char *note);

#endif
