/*
 * What a check said, as the reply that the client sees: pure, without any process. A recipient is
 * refused for good only where the check says so in so many words; all that is odd is a temporary
 * failure.
 */
#ifndef DOOR_WRAPANSWER_H
#define DOOR_WRAPANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "wrapreply.h"

struct wrapanswer {
	bool accepted;
	char reply[WRAPREPLY_SIZE]; /* without CRLF; "" if accepted */
	const char *trouble;        /* for the log: a constant text, or NULL */
	int number;                 /* of the signal or exit code in trouble; -1: none */
};

/* The check ended with this wait status and this text on descriptor 4. */
void wrapanswer_exit(struct wrapanswer *answer, int status, const char *text, size_t len);

/*
 * A line of rcptcheck -b, without its newline. Returns false when it is none, or about another
 * address than the one that was asked about.
 */
bool wrapanswer_line(
    struct wrapanswer *answer, const char *address, const char *line, size_t len);

/* There is no answer. */
void wrapanswer_fail(struct wrapanswer *answer, const char *trouble, int number);

#endif
