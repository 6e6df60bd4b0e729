/*
 * Deadlines: one absolute time on the monotonic clock, in milliseconds, handed down to whatever
 * may wait. Nothing in this package waits by a time-out of its own.
 */
#ifndef BASE_DEADLINE_H
#define BASE_DEADLINE_H

#include <stdint.h>

/* Milliseconds on the monotonic clock. */
int64_t deadline_now(void);

/* Seconds since 1970, as time(2) has them. */
int64_t deadline_date(void);

/* The earlier of two deadlines. */
int64_t deadline_earlier(int64_t a, int64_t b);

/*
 * Milliseconds from now until then, as poll(2) takes them: never below 0, never above INT_MAX.
 */
int deadline_left(int64_t deadline);

#endif
