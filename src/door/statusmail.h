/*
 * Whether mail is checked: what the servers said when they were asked just now (statusask.h),
 * and what that means for the domains.
 */
#ifndef DOOR_STATUSMAIL_H
#define DOOR_STATUSMAIL_H

#include "base/cdbfile.h"
#include "status.h"
#include "statusask.h"

/*
 * Says which servers fail, and for which domains of the CDB no server is left. STATUS_OK has a
 * fact about how many were asked, and the summary ends with how many answer.
 */
void statusmail_servers(
    struct status *status, const struct cdbfile *cdb, const struct statusask *ask);

#endif
