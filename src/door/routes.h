/*
 * data/routes.cdb: built from the table mailboxes and the stored lists of mailboxes, when anything
 * of them has changed. It has its own state and its own bad rows: they do not keep rcptcheck.cdb
 * from being built, nor does what is bad there keep a user from his mailbox.
 */
#ifndef DOOR_ROUTES_H
#define DOOR_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

struct routes_options {
	bool check, force, verbose;
	bool watched;  /* somebody wants to see all messages */
	bool forgiven; /* any list may have shrunk; with force that of feed may in any case */
	const char *feed;     /* the name of the list that came in, or NULL */
	int fd;               /* and the list */
	const char *bad_feed; /* why it is bad as a whole, or NULL */
	const char *database;
	int folder;  /* a descriptor of data */
	int64_t now; /* seconds since 1970 */
};

/*
 * Does all that is to be done, and prints what there is to be said. Returns an exit code: 0; 100
 * (EXIT_REJECT) when something is bad and routes.cdb is as it was; 111 (EXIT_TEMPFAIL).
 */
int routes_build(const struct routes_options *options);

#endif
