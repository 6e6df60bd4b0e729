/*
 * What rcptbuild has made: the CDB.
 */
#ifndef DOOR_STATUSBUILD_H
#define DOOR_STATUSBUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdbfile.h"
#include "status.h"
#include "statusask.h"

/*
 * Opens the CDB of the home (home.h), proves all of it, and adds the servers that rcptcheck
 * asks. probe_runs: rcptprobe does, which alone speaks TLS. Returns 0, or -1 when there is none
 * to use. STATUS_OK has a fact about it, and the summary begins with the number of domains.
 */
int statusbuild_cdb(
    struct status *status, struct cdbfile *cdb, struct statusask *ask, bool probe_runs);

/* Takes a record of the CDB apart. Returns 1 with a domain, 0 with anything else, or -1. */
int statusbuild_domain(
    const struct cdbfile_record *bytes, char domain[RECORD_NAME_SIZE], struct record *record);

#endif
