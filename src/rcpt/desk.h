/*
 * rcptprobe's desk: takes questions, has one job for each address however many ask about it,
 * sees each through (probe.h) with the connections of the pool, and tells everybody.
 */
#ifndef RCPT_DESK_H
#define RCPT_DESK_H

#include "base/line.h"
#include "callers.h"
#include "jobs.h"
#include "pool.h"

struct desk {
	/* the caller's */
	struct checker *checker;
	struct pool *pool;
	struct callers *callers;
	void (*log)(const struct line *line);

	/* figures */
	uint64_t questions, refreshes; /* that came */
	uint64_t joined; /* of them: about an address that was being asked about */
	uint64_t known;  /* the cache had the answer by then */
	uint64_t directly, busy, probes;
	struct latency latency; /* of probes, from the question to the answer */

	/* its own */
	struct jobs jobs;
	struct job *ripe;     /* of which the callouts are done */
	int64_t told;         /* when the callers were last told to wait (deadline.h) */
	int64_t locked_since; /* the cache, for us (deadline.h); 0: it is not */
};

/* A question; caller is NULL if nobody waits for the answer. */
void desk_ask(struct desk *desk, const struct wire_question *question, struct caller *caller);

/* Goes on as far as it goes without waiting. */
void desk_step(struct desk *desk);

/* When to step at the latest (deadline.h). */
int64_t desk_wake(const struct desk *desk);

#endif
