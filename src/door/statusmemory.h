/*
 * What the checks of late have found: servers that are down or refuse us, domains of which no
 * "no" is believed (memory.h).
 */
#ifndef DOOR_STATUSMEMORY_H
#define DOOR_STATUSMEMORY_H

#include "base/cdbfile.h"
#include "rcpt/cache.h"
#include "status.h"
#include "statusask.h"

/* Says so of those that are in the CDB. */
void statusmemory(struct status *status, struct cache *cache, struct cdbfile *cdb,
    const struct statusask *ask);

#endif
