/*
 * data/routes.cdb: built from the table mailboxes and the stored lists of mailboxes, when anything
 * of them has changed. It has its own state and its own bad rows: they do not keep rcptcheck.cdb
 * from being built, nor does what is bad there keep a user from his mailbox.
 */
#ifndef DOOR_ROUTES_H
#define DOOR_ROUTES_H

#include "run.h"

/*
 * Does all that is to be done, and prints what there is to be said. Returns an exit code: 0; 100
 * (EXIT_REJECT) when something is bad and routes.cdb is as it was; 111 (EXIT_TEMPFAIL).
 */
int routes_build(const struct run_options *options);

#endif
