#include "servequeue.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/deadline.h"

static void
items_start(struct serveitems *items)
{
	items->first = NULL;
	items->end = &items->first;
}

static void
items_add(struct serveitems *items, struct serveitem *item)
{
	item->next = NULL;
	*items->end = item;
	items->end = &item->next;
}

/* Takes out the item to which a link among them points. */
static struct serveitem *
items_take(struct serveitems *items, struct serveitem **link)
{
	struct serveitem *item = *link;

	*link = item->next;
	if (items->end == &item->next)
		items->end = link;
	return item;
}

/* A check to use; NULL: all are in use. */
static struct check *
get_check(struct servequeue *queue)
{
	struct check *check;

	if (queue->check_count > 0)
		return queue->checks[--queue->check_count];
	if (queue->checks_made == SERVEQUEUE_ASKING)
		return NULL;
	check = calloc(1, sizeof(*check));
	if (check != NULL)
		queue->checks_made++;
	return check;
}

int
servequeue_start(struct servequeue *queue)
{
	items_start(&queue->unused);
	items_start(&queue->waiting);
	items_start(&queue->done);
	/* One at least: then each question gets its turn, whatever memory there is later. */
	queue->checks[0] = get_check(queue);
	if (queue->checks[0] == NULL)
		return -1;
	queue->check_count = 1;
	return 0;
}

struct serveitem *
servequeue_room(struct servequeue *queue)
{
	/* Few ever have more than one question: memory is touched when it is needed. */
	if (queue->unused.first == NULL && queue->items_made < SERVEQUEUE_MAX)
		items_add(&queue->unused, &queue->items[queue->items_made++]);
	return queue->unused.first;
}

static size_t
place_of(const struct question *question)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = question->recipient_len; i > 0 && question->recipient[i - 1] != '@';
	     i--) {
		unsigned char c = (unsigned char)question->recipient[i - 1];

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c + ('a' - 'A'));
		hash = (hash ^ c) * 16777619U;
	}
	return hash % SERVEQUEUE_PLACES;
}

void
servequeue_add(struct servequeue *queue)
{
	struct serveitem *item = items_take(&queue->unused, &queue->unused.first);

	item->place = place_of(&item->question);
	item->taken = deadline_now();
	items_add(&queue->waiting, item);
	queue->open++;
}

static void
begin(struct servequeue *queue, struct serveitem *item)
{
	struct checker *checker = queue->checker;
	const struct question *question = &item->question;

	checker->client = question->client;
	checker->self = question->self;
	checker->watch_context = item;
	if (queue->relay)
		check_settle(item->check, VERDICT_ACCEPT, "relay", item->taken);
	else
		check_start(checker, item->check, question->recipient, question->recipient_len,
		    item->taken);
	if (item->check->done) {
		items_add(&queue->done, item);
	} else {
		queue->asking[queue->asking_count++] = item;
		queue->of_domain[item->place]++;
	}
}

void
servequeue_begin(struct servequeue *queue)
{
	struct serveitem **link = &queue->waiting.first;

	while (*link != NULL) {
		struct serveitem *item = *link;

		if (queue->of_domain[item->place] == SERVEQUEUE_DOMAIN) {
			link = &item->next;
			continue;
		}
		item->check = get_check(queue);
		if (item->check == NULL)
			return;
		begin(queue, items_take(&queue->waiting, link));
	}
}

size_t
servequeue_poll(const struct servequeue *queue, struct pollfd *pollfds, int64_t *wake)
{
	for (size_t i = 0; i < queue->asking_count; i++) {
		const struct check *check = queue->asking[i]->check;

		pollfds[i] = (struct pollfd){.fd = check->fd, .events = check->events};
		*wake = deadline_earlier(*wake, check->wake);
	}
	return queue->asking_count;
}

void
servequeue_step(struct servequeue *queue, const struct pollfd *pollfds)
{
	size_t left = 0;

	for (size_t i = 0; i < queue->asking_count; i++) {
		struct serveitem *item = queue->asking[i];
		struct check *check = item->check;

		if (pollfds[i].revents != 0 || deadline_left(check->wake) == 0) {
			queue->checker->client = item->question.client;
			queue->checker->self = item->question.self;
			queue->checker->watch_context = item;
			check_step(queue->checker, check);
		}
		if (check->done) {
			queue->of_domain[item->place]--;
			items_add(&queue->done, item);
		} else {
			queue->asking[left++] = item;
		}
	}
	queue->asking_count = left;
}

struct serveitem *
servequeue_done(const struct servequeue *queue)
{
	return queue->done.first;
}

void
servequeue_release(struct servequeue *queue)
{
	struct serveitem *item = items_take(&queue->done, &queue->done.first);

	queue->checks[queue->check_count++] = item->check;
	item->check = NULL;
	items_add(&queue->unused, item);
	queue->open--;
}
