/*
 * Latencies in steps: no quantile is below the truth, nor far above it.
 */
#include "rcpt/latency.h"

#include "tap.h"

#define HOUR 3600000

static struct latency latency;

static int64_t
told(int64_t ms)
{
	memset(&latency, 0, sizeof(latency));
	latency_add(&latency, ms);
	return latency_quantile(&latency, 50);
}

static void
test_one(void)
{
	long bad = 0, seen = 0;

	is_int(latency_quantile(&latency, 50), -1, "of none there is no quantile");
	is_int(latency_quantile(&latency, 100), -1, "nor the longest");
	for (int64_t ms = 0; ms <= 8; ms++)
		bad += told(ms) != (ms == 0 ? 1 : ms);
	ok(bad == 0, "up to 8 ms each has a step of its own");
	bad = 0;
	for (int64_t ms = 1; ms <= HOUR / 4; ms += ms / 100 + 1, seen++)
		bad += told(ms) < ms || told(ms) * 4 > ms * 5;
	ok(bad == 0, "none is told as less, nor as more than a quarter above (%ld)", seen);
	bad = 0;
	for (int64_t ms = 1; ms <= HOUR / 4; ms += ms / 100 + 1)
		bad += told(ms) < told(ms - 1);
	ok(bad == 0, "what took longer is not told as less");
	bad = 0;
	for (unsigned percent = 0; percent <= 100; percent++) {
		told(100);
		bad += percent > 0 &&
		    latency_quantile(&latency, percent) != latency_quantile(&latency, 1);
	}
	ok(bad == 0, "every quantile of one is that one");
}

static void
test_bounds(void)
{
	int64_t most = told(INT64_MAX);

	ok(most > HOUR / 4 && latency.counts[LATENCY_STEPS - 1] == 1,
	    "what takes for ever is in the last step: %lld ms", (long long)most);
	is_int(told(-1), 1, "a clock that goes back is no time at all");
}

static void
test_quantiles(void)
{
	int64_t p50, p99, p100;

	memset(&latency, 0, sizeof(latency));
	for (int i = 0; i < 99; i++)
		latency_add(&latency, 5);
	latency_add(&latency, 1000);
	is_int(latency_quantile(&latency, 50), 5, "the median of 99 short ones and a long one");
	is_int(latency_quantile(&latency, 99), 5, "and what 99 per cent do not exceed");
	ok(latency_quantile(&latency, 100) >= 1000, "but all do not exceed only the long one");
	is_int((long long)latency.total, 100, "each is counted");
	latency_add(&latency, 1000);
	ok(latency_quantile(&latency, 99) >= 1000, "with another one it is above 99 per cent");

	memset(&latency, 0, sizeof(latency));
	for (int64_t ms = 1; ms <= 1000; ms++)
		latency_add(&latency, ms);
	p50 = latency_quantile(&latency, 50);
	p99 = latency_quantile(&latency, 99);
	p100 = latency_quantile(&latency, 100);
	ok(p50 >= 500 && p50 <= 625 && p99 >= 990 && p99 <= 1238 && p100 >= 1000 &&
		p100 <= 1250,
	    "of 1 to 1000 ms: %lld, %lld, %lld", (long long)p50, (long long)p99,
	    (long long)p100);

	/* So many that no 32 bits hold them */
	memset(&latency, 0, sizeof(latency));
	latency.counts[0] = latency.counts[10] = latency.counts[20] = 4000000000u;
	latency.total = 12000000000u;
	is_int(latency_quantile(&latency, 33), 1, "of 12 billion, the shortest third");
	ok(latency_quantile(&latency, 50) == latency_quantile(&latency, 66) &&
		latency_quantile(&latency, 50) > 10,
	    "the middle one");
	ok(latency_quantile(&latency, 67) > latency_quantile(&latency, 66), "and the longest");
}

int
main(void)
{
	test_one();
	test_bounds();
	test_quantiles();
	return tap_done();
}
