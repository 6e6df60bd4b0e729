#include "deadline.h"

#include <limits.h>
#include <time.h>

int64_t
deadline_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
