/*
 * The one line of key=value pairs that explains a check, and whether the log wants it.
 */
#ifndef RCPT_EXPLAIN_H
#define RCPT_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/line.h"
#include "check.h"

/* Who asks, as far as it is known: NULL where it is not. */
struct explain_context {
	const char *client; /* the address of the SMTP client */
	const char *sender;
};

/* "rcptcheck: address=... verdict=... why=..."; rcptcheck(8) lists the keys. */
void explain_line(struct line *line, const struct check *check, const char *address, size_t len,
    const struct explain_context *context);

/* What became of the control recipient, in a word; not for CONTROL_NOT_ASKED. */
const char *explain_control(enum inquiry_control control);

/* Is it to be logged at this level? */
bool explain_wanted(const struct check *check, enum settings_log level);

/*
 * The reply of the server, now or when the cache was filled: "550 5.1.1 text", or "" without
 * one.
 */
void explain_reply(char *text, size_t size, const struct check *check);

#endif
