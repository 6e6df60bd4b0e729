/* How long a connection waits (patience.h). Spans are none or very long, so that no load matters. */
#include "base/deadline.h"
#include "rcpt/patience.h"
#include "tap.h"

#define LONG 1000000 /* ms */

static void
test_wait(void)
{
	struct patience patience = {0};

	patience_begin(&patience, LONG, LONG / 2);
	ok(patience_look(&patience) == PATIENCE_ON, "a wait goes on");
	ok(deadline_left(patience.wake) <= LONG / 2, "and is looked at when it is slow");
	patience_begin(&patience, LONG, 0);
	ok(patience_look(&patience) == PATIENCE_SLOW, "it is slow");
	ok(patience_look(&patience) == PATIENCE_ON, "which is said once");
	ok(deadline_left(patience.wake) > LONG / 2, "then it is looked at when it is over");
	patience_begin(&patience, 0, 0);
	ok(patience_look(&patience) == PATIENCE_OVER, "it is over");
	patience_end(&patience);
	ok(patience.wake == INT64_MAX, "nothing is awaited");
}

static void
test_reply(void)
{
	struct patience patience = {0};

	patience_fly(&patience, LONG / 1000, 0);
	patience_for_reply(&patience, false);
	ok(deadline_left(patience.wake) <= LONG / 2,
	    "an opening is slow after half of its time");
	patience_for_reply(&patience, true);
	ok(deadline_left(patience.wake) > LONG / 2, "a flight is later");
	ok(!patience_hear(&patience), "a word of a new connection changes nothing");
	patience_fly(&patience, LONG / 1000, LONG / 4);
	patience_for_reply(&patience, true);
	ok(deadline_left(patience.wake) <= LONG / 4,
	    "a kept one may not be silent for so long");
	ok(patience_hear(&patience), "a word of it ends that");
	ok(patience.silence == 0 && !patience_hear(&patience), "for the rest of the flight");
	patience_listen(&patience);
	ok(deadline_left(patience.wake) <= 300, "what comes behind it is not awaited for long");
}

int
main(void)
{
	test_wait();
	test_reply();
	return tap_done();
}
