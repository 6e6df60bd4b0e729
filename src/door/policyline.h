/*
 * Requests of Postfix's policy delegation protocol (SMTPD_POLICY_README): lines name=value up to an
 * empty one.
 */
#ifndef DOOR_POLICYLINE_H
#define DOOR_POLICYLINE_H

#include "protocol.h"

/* The request so far; all zero at first, and when it has ended. */
struct policyline {
	bool skipping;
	bool begun; /* it has a line */
};

enum policyline_taken {
	POLICYLINE_NONE,  /* more bytes are needed */
	POLICYLINE_WHOLE, /* line is one */
	POLICYLINE_CUT,   /* the same, but for what of it is too long */
	POLICYLINE_END,   /* the request is whole */
};

/* Takes the next line. Empty ones in front of a request are none. */
enum policyline_taken policyline_take(
    struct policyline *state, struct input *input, const char **line, size_t *len);

struct policyline_attribute {
	const char *name, *value;
	size_t name_len, value_len;
};

/* Returns false for a line without name=. */
bool policyline_parse(struct policyline_attribute *attribute, const char *line, size_t len);

/* Has it this name? */
bool policyline_is(const struct policyline_attribute *attribute, const char *name);

#endif
