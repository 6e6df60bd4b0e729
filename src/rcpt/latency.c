#include "latency.h"

/* The upper end of a step, in ms: 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, ... up to 29 minutes. */
static int64_t
step_end(unsigned step)
{
	int64_t end = 1;

	while (step-- > 0)
		end += end / 4 > 0 ? end / 4 : 1;
	return end;
}

void
latency_add(struct latency *latency, int64_t ms)
{
	unsigned step = 0;

	while (step + 1 < LATENCY_STEPS && step_end(step) < ms)
		step++;
	latency->counts[step]++;
	latency->total++;
}

int64_t
latency_quantile(const struct latency *latency, unsigned percent)
{
	uint64_t seen = 0, wanted = (latency->total * percent + 99) / 100;

	if (latency->total == 0)
		return -1;
	for (unsigned step = 0; step < LATENCY_STEPS; step++) {
		seen += latency->counts[step];
		if (seen >= wanted)
			return step_end(step);
	}
	return step_end(LATENCY_STEPS - 1);
}
