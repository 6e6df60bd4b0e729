/*
 * The process between the client and the server: moves what a session (wrapsession.h) takes and
 * gives, and has its questions asked (wrapask.h).
 */
#ifndef DOOR_WRAPRELAY_H
#define DOOR_WRAPRELAY_H

#include <stdbool.h>
#include <stdint.h>

struct wraprelay_terms {
	const char *home, *program; /* the program is that which checks */
	bool keeps;                 /* one for all questions, with -b */
	bool starttls;
	bool has_limit; /* else it is a setting */
	unsigned limit;
	int64_t wait; /* ms, for a check */
};

/*
 * Relays between the client on descriptors 0 and 1 and the server behind these two pipes until
 * one of them is gone. Then nothing that it started is left.
 */
void wraprelay_run(const struct wraprelay_terms *terms, int to_server, int from_server);

#endif
