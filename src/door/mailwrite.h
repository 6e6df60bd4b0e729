/*
 * Writes the map: routes.cdb (route.h), from all mailboxes.
 */
#ifndef DOOR_MAILWRITE_H
#define DOOR_MAILWRITE_H

#include "base/cdbwriter.h"
#include "mailboxes.h"
#include "route/routesettings.h"

struct mailwrite_counts {
	uint64_t users, ranges, domains; /* entries; "all" counts as a domain */
};

/*
 * Adds all records; the names of hosts are resolved already. With writer NULL it only looks whether
 * that can be done. Returns 0, or -1 with report->trouble. What is bad is in the report.
 */
int mailwrite(struct cdbwriter *writer, struct mailboxes *mailboxes,
    const struct routesettings *settings, struct mailwrite_counts *counts);

#endif
