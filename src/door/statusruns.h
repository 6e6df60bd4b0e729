/*
 * What rcptbuild has left of its runs: how the CDB compares with its sources, and how the last runs ended.
 */
#ifndef DOOR_STATUSRUNS_H
#define DOOR_STATUSRUNS_H

#include <stdint.h>

#include "base/cdbfile.h"
#include "status.h"

/* What is wrong with the runs of rcptbuild. cdb may be NULL; now is in seconds. */
void statusruns(struct status *status, struct cdbfile *cdb, int64_t now);

#endif
