/*
 * Has somebody set the clock? Rows have its time, since they outlive us; that they are as old as
 * they are is known by a clock that nobody can set.
 */
#ifndef RELAY_RELAYCLOCK_H
#define RELAY_RELAYCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define RELAYCLOCK_JUMP 2000 /* ms: what is less is the clock being kept right */

struct relayclock {
	bool started;
	int64_t apart; /* ms from the one to the other */
};

/* Seconds that it was set by since the last call, forwards or backwards; 0 if it was not. */
int64_t relayclock_jump(struct relayclock *relayclock, int64_t wall_ms, int64_t steady_ms);

/* Both clocks, in ms; the steady one goes on while the machine sleeps, where there is such. */
int64_t relayclock_wall(void);
int64_t relayclock_steady(void);

#endif
