/*
 * What the checks have counted (tally.h): for all domains, and for the busiest; and of which
 * domains hardly any check finds an answer.
 */
#ifndef DOOR_STATUSCHECKS_H
#define DOOR_STATUSCHECKS_H

#include "status.h"

/* Adds it as facts, and warnings. path is that of the file. */
void statuschecks(struct status *status, const char *path);

#endif
