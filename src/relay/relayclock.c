#include "relayclock.h"

#include <time.h>

#ifdef CLOCK_BOOTTIME
#define STEADY CLOCK_BOOTTIME
#else
#define STEADY CLOCK_MONOTONIC
#endif

static int64_t
read_clock(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
relayclock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
relayclock_steady(void)
{
	return read_clock(STEADY);
}

int64_t
relayclock_jump(struct relayclock *relayclock, int64_t wall_ms, int64_t steady_ms)
{
	int64_t apart = wall_ms - steady_ms, moved = apart - relayclock->apart;
	bool first = !relayclock->started;

	relayclock->started = true;
	/* Small moves are followed, so that they never add up to a jump. */
	relayclock->apart = apart;
	if (first || (moved > -RELAYCLOCK_JUMP && moved < RELAYCLOCK_JUMP))
		return 0;
	return (moved + (moved > 0 ? 500 : -500)) / 1000;
}
