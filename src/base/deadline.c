#include "deadline.h"

#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * glibc finds the kernel's page of clocks at each start. musl looks for it when a clock is read
 * first, which for the two or three readings of a short process costs more than asking the kernel:
 * six pages are touched for it.
 */
static void
read_clock(clockid_t clock, struct timespec *now)
{
#if !defined(__GLIBC__) && defined(__LP64__) && defined(SYS_clock_gettime)
	if (syscall(SYS_clock_gettime, clock, now) == 0)
		return;
#endif
	clock_gettime(clock, now);
}

int64_t
deadline_now(void)
{
	struct timespec now;

	read_clock(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
deadline_date(void)
{
	struct timespec now;

	read_clock(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

int64_t
deadline_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int
deadline_left(int64_t deadline)
{
	int64_t left = deadline - deadline_now();

	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}
