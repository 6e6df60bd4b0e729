/*
 * What the checks have counted (tally.h): for all domains, and for the busiest.
 */
#ifndef DOOR_STATUSCHECKS_H
#define DOOR_STATUSCHECKS_H

#include "status.h"

/* Adds it as facts. path is that of the file. */
void statuschecks(struct status *status, const char *path);

#endif
