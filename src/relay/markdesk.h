/*
 * relayd's desk: hands what peers say to the keeper, and says in the log who may not.
 */
#ifndef RELAY_MARKDESK_H
#define RELAY_MARKDESK_H

#include <stdbool.h>
#include <stdint.h>

#include "keeper.h"
#include "peers.h"

struct markdesk {
	struct keeper *keeper; /* its log is ours */
	struct peers *peers;
	bool verbose; /* each mark is logged */
	int64_t
	    refused; /* when we last logged that somebody may not mark (deadline.h); 0: never */
};

/* All that is said now, in one transaction. False: it is to be tried again soon. */
bool markdesk_take(struct markdesk *desk);

/* Logs that somebody was turned away, now and then. */
void markdesk_note_refused(struct markdesk *desk);

#endif
