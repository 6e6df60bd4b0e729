/*
 * What rcptprobe said of itself (statusdesk.h), and what is wrong with it.
 */
#ifndef DOOR_STATUSDESKTELL_H
#define DOOR_STATUSDESKTELL_H

#include "rcpt/cache.h"
#include "status.h"
#include "statusask.h"
#include "statusdesk.h"

/*
 * Adds it as facts, and warnings: behind statusmemory, which has said of what is in the cache,
 * NULL for none, which servers refuse us.
 */
void statusdesktell(struct status *status, const struct statusdesk *statusdesk,
    const struct statusask *ask, struct cache *cache);

#endif
