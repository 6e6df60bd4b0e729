/*
 * Latencies, counted in steps of a quarter more each, so that a quantile can be told without
 * keeping them: what is told is the upper end of a step, up to a quarter too much.
 */
#ifndef RCPT_LATENCY_H
#define RCPT_LATENCY_H

#include <stdint.h>

#define LATENCY_STEPS 64

struct latency {
	uint32_t counts[LATENCY_STEPS];
	uint64_t total;
};

void latency_add(struct latency *latency, int64_t ms);

/* ms that this many per cent do not exceed; -1 when there are none. */
int64_t latency_quantile(const struct latency *latency, unsigned percent);

#endif
