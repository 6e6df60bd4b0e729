#include "batch.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/line.h"
#include "explain.h"

#define WINDOW         64 /* questions that may wait for an earlier one's answer */
#define ASKING_MAX     20 /* connections at a time: servers dislike more from one client */
#define ADDRESS_MAX    1024
#define BUFFER_SIZE    65536
#define PROGRESS_EVERY 500 /* ms */

struct item {
	char address[ADDRESS_MAX];
	size_t len;
	struct check check;
};

struct batch {
	struct checker *checker;
	batch_report *report;
	void *context;
	bool *trouble;
	/* a ring: the oldest question is items[first], the newest is count - 1 behind it */
	struct item *items;
	size_t first, count, asking;
	bool input_ended;
	bool skipping; /* the rest of a line that did not fit */
	size_t in_len, in_used, out_len;
	uint64_t answered;
	/* last, and never cleared: of what is not used no page is touched */
	char in[BUFFER_SIZE], out[BUFFER_SIZE];
};

static struct item *
item_at(struct batch *batch, size_t place)
{
	return &batch->items[(batch->first + place) % WINDOW];
}

static int
flush(struct batch *batch)
{
	size_t done = 0;

	while (done < batch->out_len) {
		ssize_t n = write(STDOUT_FILENO, batch->out + done, batch->out_len - done);

		if (n == -1 && errno == EAGAIN) { /* somebody made it non-blocking */
			struct pollfd pollfd = {.fd = STDOUT_FILENO, .events = POLLOUT};

			(void)poll(&pollfd, 1, -1);
		} else if (n == -1 && errno != EINTR) {
			return -1;
		} else if (n > 0) {
			done += (size_t)n;
		}
	}
	batch->out_len = 0;
	return 0;
}

static int
write_answer(struct batch *batch, const struct item *item)
{
	const struct check *check = &item->check;
	char reply[sizeof(check->outcome.answer.text) + 8];
	struct line address, rest;

	explain_reply(reply, sizeof(reply), check);
	line_start(&address); /* of its own: an address of nothing but control bytes fills it */
	line_add_foreign(&address, item->address, item->len, ADDRESS_MAX);
	line_start(&rest);
	line_add(&rest, "\t");
	line_add(&rest, verdict_name(check->verdict));
	line_add(&rest, "\t");
	line_add(&rest, check->why);
	line_add(&rest, "\t");
	line_add_foreign(&rest, reply, strlen(reply), sizeof(reply));
	line_add(&rest, "\n");
	if (batch->out_len + address.len + rest.len > sizeof(batch->out) && flush(batch) == -1)
		return -1;
	memcpy(batch->out + batch->out_len, address.text, address.len);
	batch->out_len += address.len;
	memcpy(batch->out + batch->out_len, rest.text, rest.len);
	batch->out_len += rest.len;
	return 0;
}

/* Writes the answers that are there, up to the first that is not. */
static int
write_answers(struct batch *batch)
{
	while (batch->count > 0 && item_at(batch, 0)->check.done) {
		if (write_answer(batch, item_at(batch, 0)) == -1)
			return -1;
		batch->first = (batch->first + 1) % WINDOW;
		batch->count--;
		batch->answered++;
	}
	if (batch->count == 0)
		batch->first = 0; /* who asks one by one stays in the same memory */
	return 0;
}

static void
note_done(struct batch *batch, struct item *item)
{
	if (item->check.trouble)
		*batch->trouble = true;
	batch->report(batch->context, &item->check, item->address, item->len);
}

static void
begin(struct batch *batch, struct item *item)
{
	if (item->len > 0 && item->address[item->len - 1] == '\r')
		item->len--;
	check_start(batch->checker, &item->check, item->address, item->len, deadline_now());
	if (item->check.done)
		note_done(batch, item);
	else
		batch->asking++;
}

/*
 * Takes the next line out of what was read. Returns false when none is there, or no room for
 * it.
 */
static bool
begin_next(struct batch *batch)
{
	const char *start = batch->in + batch->in_used, *end;
	size_t len = batch->in_len - batch->in_used;
	struct item *item;

	if (len == 0 || batch->count == WINDOW || batch->asking == ASKING_MAX)
		return false;
	end = memchr(start, '\n', len);
	if (end == NULL && !batch->input_ended && !batch->skipping &&
	    len < sizeof(batch->in) / 2)
		return false;
	if (end != NULL)
		len = (size_t)(end - start);
	batch->in_used += len + (end != NULL);
	if (batch->skipping) {
		batch->skipping = end == NULL;
		return true;
	}
	batch->skipping = end == NULL && !batch->input_ended;
	/* What is cut here is past any length that is ever put on a wire. */
	item = item_at(batch, batch->count++);
	item->len = len < ADDRESS_MAX ? len : ADDRESS_MAX;
	memcpy(item->address, start, item->len);
	begin(batch, item);
	return true;
}

static int
read_input(struct batch *batch)
{
	ssize_t n;

	memmove(batch->in, batch->in + batch->in_used, batch->in_len - batch->in_used);
	batch->in_len -= batch->in_used;
	batch->in_used = 0;
	n = read(STDIN_FILENO, batch->in + batch->in_len, sizeof(batch->in) - batch->in_len);
	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	batch->in_len += (size_t)n;
	batch->input_ended = n == 0;
	return 0;
}

/*
 * Waits until input comes, a server speaks, or a time is up; then takes the steps that are
 * due.
 */
static int
wait_and_step(struct batch *batch, bool want_input, int64_t wake)
{
	struct pollfd pollfds[1 + ASKING_MAX] = {
	    {.fd = want_input ? STDIN_FILENO : -1, .events = POLLIN}};
	nfds_t used = 1;

	for (size_t i = 0; i < batch->count; i++) {
		const struct check *check = &item_at(batch, i)->check;

		if (check->done)
			continue;
		pollfds[used].fd = check->fd;
		pollfds[used++].events = check->events;
		wake = deadline_earlier(wake, check->wake);
	}
	if (poll(pollfds, used, wake == INT64_MAX ? -1 : deadline_left(wake)) == -1 &&
	    errno != EINTR)
		return -1;
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = item_at(batch, i);

		if (item->check.done)
			continue;
		check_step(batch->checker, &item->check);
		if (item->check.done) {
			batch->asking--;
			note_done(batch, item);
		}
	}
	if (pollfds[0].revents != 0)
		return read_input(batch);
	return 0;
}

static void
show_progress(const struct batch *batch, const char *end)
{
	struct line line;

	line_start(&line);
	line_add(&line, "\r");
	line_add_number(&line, (int64_t)batch->answered);
	line_add(&line, " answered, ");
	line_add_number(&line, (int64_t)batch->asking);
	line_add(&line, " being asked  ");
	line_add(&line, end);
	(void)!write(STDERR_FILENO, line.text, line.len);
}

int
batch_run(
    struct checker *checker, bool progress, batch_report *report, void *context, bool *trouble)
{
	struct batch *batch = malloc(sizeof(*batch));
	int64_t shown = deadline_now();
	int result = -1;

	*trouble = false;
	if (batch == NULL)
		return -1;
	memset(batch, 0, offsetof(struct batch, in));
	batch->checker = checker;
	batch->report = report;
	batch->context = context;
	batch->trouble = trouble;
	batch->items = calloc(WINDOW, sizeof(*batch->items));
	if (batch->items == NULL)
		goto done;
	for (;;) {
		bool room;

		/* Before it takes more: a window full of answers would wait for nothing. */
		do {
			if (write_answers(batch) == -1)
				goto done;
		} while (begin_next(batch));
		room = batch->count < WINDOW && batch->asking < ASKING_MAX;
		if (batch->input_ended && batch->count == 0 && batch->in_used == batch->in_len)
			break;
		if (flush(batch) == -1)
			goto done;
		if (progress && deadline_now() - shown >= PROGRESS_EVERY) {
			shown = deadline_now();
			show_progress(batch, "");
		}
		if (wait_and_step(batch, room && !batch->input_ended,
			progress ? shown + PROGRESS_EVERY : INT64_MAX) == -1)
			goto done;
	}
	if (progress)
		show_progress(batch, "\n");
	result = flush(batch);
done:
	free(batch->items);
	free(batch);
	return result;
}
