/*
 * The loop of rcptserve: messages of a protocol on descriptor 0, checks side by side, answers on
 * descriptor 1. Memory is bounded: as long as answers are not taken, no questions are.
 */
#ifndef DOOR_SERVE_H
#define DOOR_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/line.h"
#include "protocol.h"
#include "servequeue.h"

#define SERVE_INPUT  (2 * PROTOCOL_MESSAGE_ROOM)
#define SERVE_OUTPUT 65536

struct serve;

/* Gets a line for the log: of a decision, of the protocol's trouble, of a dialogue. */
typedef void serve_log(struct serve *serve, const struct line *line);

struct serve {
	const struct protocol *protocol;
	serve_log *log;
	int level; /* enum settings_log for all that is asked; -1: the setting of the domain */
	/* Of all questions, where the protocol does not say; "" if unknown. */
	const char *client, *self;
	struct servequeue queue;

	/* its own */
	void *state; /* of the protocol */
	char in[SERVE_INPUT], out[SERVE_OUTPUT];
	size_t in_len, in_used, out_len;
	bool ended;  /* the input */
	bool closed; /* no more is taken from it */
	struct answer answer, last;
	enum verdict verdict; /* of the exit code */
};

/*
 * All but what is named first must be zero. dialogues: what is said to the servers is logged, too.
 * Returns 0, or -1 when there is no memory.
 */
int serve_start(struct serve *serve, struct checker *checker, bool dialogues);

/*
 * Serves until the input ends, or the output. Returns the verdict of which the
 * exit code is the program's.
 */
enum verdict serve_run(struct serve *serve);

/*
 * Puts a line of our own between the answers, for protocols that have such lines. It is dropped when
 * nobody takes what is already there.
 */
void serve_inform(struct serve *serve, const char *text, size_t len);

#endif
