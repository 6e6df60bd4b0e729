/*
 * A primary, as rcptprobe sees it: the errands that wait for it, the connections to it, and what
 * it was found to put up with.
 *
 *	- A flight is small at first and grows while the server answers fast. One that takes long
 *	  ends that for a while: whoever waits with it should not wait for the others.
 *	- The questions of a flight share one transaction if the server takes several recipients
 *	  from <> (many let only one be named there) and names each that it refuses. What is not
 *	  certainly about the mailbox then is asked again, in a transaction of its own.
 *	- A connection is left after so many refused addresses or transactions that no server has
 *	  begun to slow us down for them, after the first slow-down, and when it is old. Another is
 *	  opened before that.
 *	- What is no statement about an address, on a connection that was used before, may be about
 *	  what was asked on it before, and a "no" on an old one about users of then. The errand has
 *	  a second try, on a new one.
 *	- A new connection that fails says so to all who wait, if there is no other.
 */
#ifndef RCPT_PRIMARY_H
#define RCPT_PRIMARY_H

#include "errand.h"
#include "latency.h"
#include "manners.h"

#define PRIMARY_QUEUE    256  /* errands that may wait */
#define PRIMARY_PATIENCE 1500 /* ms that an errand waits for room */

struct pool;

struct primary {
	struct record_server server;
	char text[RECORD_SERVER_TEXT], helo[SETTINGS_HOST_SIZE], tls_name[SETTINGS_HOST_SIZE];
	uint32_t tls;                              /* enum settings_tls */
	uint32_t connections;                      /* at most, by the settings */
	uint32_t connect_timeout, command_timeout; /* seconds */
	struct pool *pool;
	struct link_terms terms;
	struct errands waiting;
	struct link *links;
	struct primary *next;
	int64_t used; /* last, deadline.h */
	bool yields;  /* another one is to open a connection to the server first */

	struct manners manners;
	char tls_reason[128]; /* why its TLS does not work */

	/* figures */
	uint64_t opened, flights, asked, yes, no, undecided, skipped, slow;
	int64_t policy_since, policy_last; /* seconds since 1970; 0: it has not refused us */
	char policy_text[128];
	struct latency latency;
};

/* Of one that is all zero but for its server and texts: nothing is known of it yet. */
void primary_begin(struct primary *primary);

void primary_add(struct primary *primary, struct errand *errand);
void primary_leave(struct primary *primary, struct errand *errand);

/* A link has moved. */
void primary_follow(struct primary *primary, struct link *link);

/* Opens, uses and closes connections as the errands need it. */
void primary_dispatch(struct primary *primary);

/* When it must be called again, if nothing happens (deadline.h). */
int64_t primary_wake(const struct primary *primary);

#endif
