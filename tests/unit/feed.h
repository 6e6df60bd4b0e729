/*
 * Bytes into a protocol of rcptserve, in pieces as a pipe has them, and what it says to them. Each
 * question is answered at once, by the verdict of the feed.
 */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "door/protocol.h"
#include "door/serve.h"

struct feed {
	const struct protocol *protocol;
	void *state;
	enum verdict verdict, ends; /* of the answers; that of the exit code */
	const char *why;
	struct check check; /* what else is in it, the test may set */
	size_t len, out_len;
	size_t questions, answers, troubles;
	const char *trouble; /* the last */
	enum taken taken;    /* the last that was not nothing */
	bool closed, overflow;
	struct question question; /* the last */
	struct answer answer;     /* the last */
	char bytes[SERVE_INPUT];
	char out[1 << 18];
};

static inline void
feed_start(struct feed *feed, const struct protocol *protocol)
{
	memset(feed, 0, sizeof(*feed));
	feed->protocol = protocol;
	feed->state = calloc(1, protocol->state_size);
	feed->verdict = VERDICT_ACCEPT;
	feed->why = "callout";
	feed->ends = VERDICT_ACCEPT;
}

static inline void
feed_end(struct feed *feed)
{
	free(feed->state);
}

static inline void
feed_put(struct feed *feed)
{
	if (feed->answer.verdict != VERDICT_ACCEPT)
		feed->ends = feed->answer.verdict;
	if (feed->answer.len > sizeof(feed->out) - 1 - feed->out_len) {
		feed->overflow = true;
		return;
	}
	memcpy(feed->out + feed->out_len, feed->answer.bytes, feed->answer.len);
	feed->out_len += feed->answer.len;
	feed->out[feed->out_len] = '\0';
}

/* Takes one message. The protocol gets a block of just the right size: no byte behind it is read. */
static inline bool
feed_take(struct feed *feed, bool ended)
{
	static struct question question;
	char *copy = malloc(feed->len + (feed->len == 0));
	struct input input = {.bytes = copy, .len = feed->len, .ended = ended};
	enum taken taken;

	memcpy(copy, feed->bytes, feed->len);
	question_clear(&question);
	answer_start(&feed->answer);
	taken = feed->protocol->take(feed->state, &input, &question, &feed->answer);
	if (input.used > feed->len)
		abort();
	feed->len -= input.used;
	memmove(feed->bytes, feed->bytes + input.used, feed->len);
	if (input.trouble != NULL) {
		feed->trouble = input.trouble;
		feed->troubles++;
		for (size_t i = 0; input.shown != NULL && i < input.shown_len; i++)
			(void)*(volatile const char *)(input.shown + i);
	}
	free(copy);
	if (taken == TAKEN_NOTHING)
		return false;
	feed->taken = taken;
	feed->answers += taken == TAKEN_QUESTION || feed->answer.len > 0;
	if (taken == TAKEN_QUESTION) {
		feed->questions++;
		feed->question = question;
		check_settle(&feed->check, feed->verdict, feed->why, 0);
		answer_start(&feed->answer);
		feed->protocol->tell(&feed->question, &feed->check, &feed->answer);
	}
	feed->closed = taken == TAKEN_LAST || taken == TAKEN_GARBAGE;
	feed_put(feed);
	return !feed->closed;
}

/* All of it, so many bytes at a time. What is said is in out, which begins anew. */
static inline const char *
feed_bytes(struct feed *feed, const char *bytes, size_t len, size_t piece, bool ended)
{
	feed->out_len = 0;
	feed->out[0] = '\0';
	while (len > 0 && !feed->closed) {
		size_t n = piece < len ? piece : len;

		if (n > sizeof(feed->bytes) - feed->len)
			n = sizeof(feed->bytes) - feed->len;
		memcpy(feed->bytes + feed->len, bytes, n);
		feed->len += n;
		bytes += n;
		len -= n;
		while (feed_take(feed, false))
			;
		if (feed->len >= PROTOCOL_MESSAGE_ROOM && !feed->closed)
			abort(); /* nothing is taken of so much: that would be the end */
	}
	if (ended && !feed->closed)
		while (feed_take(feed, true))
			;
	return feed->out;
}

static inline const char *
feed_text(struct feed *feed, const char *text)
{
	return feed_bytes(feed, text, strlen(text), strlen(text), false);
}

#endif
