/*
 * relayd's desk: hands what peers say to the keeper, and says in the log who may not.
 */
#ifndef RELAY_MARKDESK_H
#define RELAY_MARKDESK_H

#include <stdbool.h>
#include <stdint.h>

#include "keeper.h"
#include "peers.h"

#define MARKDESK_USERS 16 /* of whom it is known that a refusal was logged */

/* Refusals of one user. */
struct markdesk_refusals {
	uid_t user;
	int64_t told;  /* when one was last logged (deadline.h); 0: never */
	int64_t since; /* how many were not, since then */
};

struct markdesk {
	struct keeper *keeper; /* its log is ours */
	struct peers *peers;
	bool verbose; /* each mark is logged */
	int64_t
	    refused; /* when we last logged that somebody may not mark (deadline.h); 0: never */
	struct markdesk_refusals refusals[MARKDESK_USERS];
	int64_t unnamed; /* refusals of all others that were not logged, since one was */
};

/*
 * What is said now, in one transaction: from each peer a share, so that nobody waits for those who
 * say more. False: it is to be tried again soon.
 */
bool markdesk_take(struct markdesk *desk);

/* Logs that somebody was turned away, now and then. */
void markdesk_note_refused(struct markdesk *desk);

#endif
