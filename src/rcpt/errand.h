/*
 * An errand: one inquiry that is to be made at one server, over whichever of its connections
 * there is room in (pool.h).
 */
#ifndef RCPT_ERRAND_H
#define RCPT_ERRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"
#include "inquiry.h"
#include "link.h"
#include "share.h"

enum errand_state {
	ERRAND_IDLE,
	ERRAND_WAITING, /* for room, or for a connection that is being opened */
	ERRAND_ASKING,
	ERRAND_OVER,    /* inquiry has the answer */
	ERRAND_SKIPPED, /* there was no room for it */
};

struct errand {
	/* the caller's: set before pool_add */
	const struct settings *settings;
	const struct inquiry_question *question;
	struct share *client, *domain;
	bool behind; /* nobody waits for it: after all others */
	void *owner;

	/* for the caller */
	enum errand_state state;
	bool slow;    /* it has taken longer than with a sound server; the caller clears it */
	bool greeted; /* that was after the greeting */
	bool timed_out;
	bool left_behind; /* skipped, as nobody waits for it */
	bool kept;        /* it went over a connection that was open already */
	struct inquiry inquiry;

	/* the pool's own */
	struct primary *primary;
	struct link *link; /* it must be this one */
	bool fresh;        /* it wants one that nobody has used, for itself alone */
	bool shared;       /* a flight of it was */
	bool dated;        /* its connection was too old for a "no" to be believed */
	bool alone;        /* it must have a transaction to itself */
	unsigned tries;
	int64_t since, waited; /* ms, for room */
	bool greeted_soon;     /* it waits for a server's greeting, not for room */
	bool told;             /* it is among the news */
	struct errand *next, *next_told;
};

/* A list of errands, in the order in which they came. */
struct errands {
	struct errand *first;
	size_t count;
};

void errands_append(struct errands *errands, struct errand *errand);
void errands_prepend(struct errands *errands, struct errand *errand);
void errands_remove(struct errands *errands, struct errand *errand);

#endif
