/*
 * A probe over connections of its own, one server after the other. Non-blocking; the caller
 * polls, so that many can run side by side.
 *
 *	direct_start(&direct, ...);
 *	while (!direct.probe.done) {
 *		poll direct.talk.fd for direct.talk.events until direct.talk.wake;
 *		direct_step(&direct);
 *	}
 *
 * Every wait ends at the deadline, whatever the time-outs of a server add up to.
 */
#ifndef RCPT_DIRECT_H
#define RCPT_DIRECT_H

#include "probe.h"
#include "talk.h"

struct direct {
	struct probe probe;
	struct talk talk;

	/* its own */
	struct checker *checker;
	struct talk_terms terms;
	bool talking;
};

void direct_start(struct direct *direct, struct checker *checker,
    const struct probe_target *target, int64_t deadline);

/* Goes on as far as it goes without waiting. */
void direct_step(struct direct *direct);

/* Ends it early, without a statement. */
void direct_stop(struct direct *direct);

#endif
