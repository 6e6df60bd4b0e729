/*
 * Deadlines: time that is left, as poll(2) can take it.
 */
#include <limits.h>
#include <unistd.h>

#include "base/deadline.h"
#include "tap.h"

int
main(void)
{
	int64_t start = deadline_now(), passed;
	int left;

	usleep(20000);
	passed = deadline_now() - start;
	ok(passed >= 19 && passed < 5000, "20 ms pass in milliseconds (%lld)",
	    (long long)passed);
	is_int(deadline_earlier(3, 4), 3, "the earlier is the first");
	is_int(deadline_earlier(4, 3), 3, "or the second");
	is_int(deadline_left(start), 0, "nothing is left of a time gone by");
	is_int(deadline_left(INT64_MIN / 2), 0, "nor of one long gone by");
	left = deadline_left(deadline_now() + 10000);
	ok(left > 5000 && left <= 10000, "something is of one to come");
	is_int(deadline_left(INT64_MAX), INT_MAX, "and no more than poll can take of the last");
	return tap_done();
}
