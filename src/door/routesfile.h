/*
 * Writes data/routes.cdb, and what belongs to it: the list that came in for it, the counts, the folder of
 * its readers.
 */
#ifndef DOOR_ROUTESFILE_H
#define DOOR_ROUTESFILE_H

#include "mailboxes.h"
#include "route/routesettings.h"
#include "run.h"

/*
 * Puts it in place, for the group of that name to read; "" is the one it has, or "route". All is good and
 * resolved. Prints what it has. Returns 0, or -1 with report->trouble.
 */
int routesfile_write(struct run *run, struct mailboxes *mailboxes,
    const struct routesettings *settings, const char *group_name);

#endif
