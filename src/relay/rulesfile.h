/*
 * relay/tcp.smtp.cdb, the rules for tcpserver (relayrules.h), made of all rows of relay.db that are
 * fresh, and tried again until it can be.
 *
 * tcpserver knows no times: whoever has a rule relays. So where the rules cannot be made anew, and
 * those that are there let somebody relay whose time is over, they are removed. While the
 * administrator's rules cannot be read, those hold that the file has from before.
 *
 * A file that does not say that we made it may be the administrator's own: in it nobody can be told
 * from his rules, so it is never removed, and replaced only by one made of a base.
 */
#ifndef RELAY_RULESFILE_H
#define RELAY_RULESFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "relaydb.h"

#define RULESFILE "relay/tcp.smtp.cdb" /* below the home */

#define RULES_STAY                                                                             \
	RULESFILE " is not known to be of relayd, and stays: who is in it may still relay"

struct rulesfile {
	/* the caller's */
	const char *home;
	int folder;       /* relay in it */
	const char *base; /* of tcprules; "" for none; NULL: what the file has from before */
	void (*trouble)(
	    void *context, const char *what, const char *reason); /* may come often */
	void *context;

	/* its own; the times are those of deadline.h */
	bool due;       /* it is to be made anew */
	bool makeshift; /* the base could not be read */
	bool failed;    /* nor could it be made without */
	bool made;      /* it was, by us, since we began */
	bool foreign;   /* the one that is there may not be ours, and stays */
	int64_t again;  /* when that is to be tried once more */
	int64_t
	    over; /* when it begins to let somebody relay who may not; 0: it may do so now */
};

/* Somebody who may have been in it must not be any more. */
void rulesfile_expire(struct rulesfile *file);

/*
 * Makes it if need be. Trouble is told. Returns false when it lets somebody relay who must not: it
 * could neither be made nor removed.
 */
bool rulesfile_step(struct rulesfile *file, struct relaydb *db);

/* Must it be left as it is, whoever may relay by it? */
bool rulesfile_stays(const struct rulesfile *file);

/* When to step at the latest. */
int64_t rulesfile_wake(const struct rulesfile *file);

#endif
