/*
 * The queue of rcptserve: bounded, in order, and nothing is lost on its way round. Questions that wait
 * for servers are tested end to end (tests/rcptserve.t).
 */
#include "door/servequeue.h"

#include <stdio.h>

#include "tap.h"

static struct servequeue queue;
static struct checker checker;

static bool
add(int number)
{
	struct serveitem *item = servequeue_room(&queue);
	char text[40];

	if (item == NULL)
		return false;
	question_clear(&item->question);
	item->question.kind = number;
	snprintf(text, sizeof(text), "user@d%d.test", number % 7);
	(void)question_set_recipient(&item->question, text, strlen(text));
	servequeue_add(&queue);
	return true;
}

/* All that is done, in order from this number on. Returns how many. */
static int
drain(int number, bool *good)
{
	struct serveitem *item;
	int count = 0;

	while ((item = servequeue_done(&queue)) != NULL) {
		*good = *good && item->question.kind == number + count && item->check->done &&
		    item->check->verdict == VERDICT_ACCEPT;
		servequeue_release(&queue);
		count++;
	}
	return count;
}

int
main(void)
{
	struct pollfd pollfds[SERVEQUEUE_ASKING];
	int64_t wake = INT64_MAX;
	int added = 0, begun = 0, given = 0, taken = 0;
	bool good = true;

	queue.checker = &checker;
	queue.relay = true; /* nobody is checked: each is done as soon as it is begun */
	is_int(checker_open(&checker, "/nonexistent"), 0, "a checker");
	is_int(servequeue_start(&queue), 0, "a queue");
	ok(servequeue_done(&queue) == NULL && queue.open == 0, "empty");
	ok(servequeue_room(&queue) == servequeue_room(&queue),
	    "room, the same until it is added");
	while (add(added))
		added++;
	is_int(added, SERVEQUEUE_MAX, "it takes so many");
	is_int((int)queue.open, SERVEQUEUE_MAX, "and counts them");
	ok(servequeue_done(&queue) == NULL, "none is begun by itself");
	servequeue_begin(&queue);
	begun = drain(0, &good);
	ok(good && begun == SERVEQUEUE_ASKING, "so many are begun at a time, in order");
	is_int((int)queue.checks_made, SERVEQUEUE_ASKING, "for which there is memory");
	while (queue.open > 0 && begun > 0) {
		servequeue_begin(&queue);
		taken = drain(begun, &good);
		begun += taken;
		if (taken == 0)
			break;
	}
	ok(good && begun == SERVEQUEUE_MAX, "and all of them in the end");
	for (int i = 0; i < 5000; i++) {
		for (int j = 0; j < i % 5; j++)
			added += add(given) ? (given++, 1) : 0;
		servequeue_begin(&queue);
		servequeue_step(&queue, pollfds);
		taken += drain(given - (int)queue.open, &good);
	}
	ok(good && queue.open == 0 && given == 10000, "round and round, in order");
	is_int((int)queue.items_made, SERVEQUEUE_MAX, "in the same places");
	is_int((int)queue.checks_made, SERVEQUEUE_ASKING, "and the same memory");
	ok(servequeue_poll(&queue, pollfds, &wake) == 0 && wake == INT64_MAX,
	    "nothing to wait for");

	queue.relay = false;
	ok(add(1), "one that is checked");
	servequeue_begin(&queue);
	ok(servequeue_done(&queue) != NULL &&
		servequeue_done(&queue)->check->verdict == VERDICT_TEMPFAIL &&
		strcmp(servequeue_done(&queue)->check->why, "cdb") == 0,
	    "without a CDB it is put off");
	servequeue_release(&queue);
	return tap_done();
}
