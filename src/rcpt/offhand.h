/*
 * All that can be answered without asking a server: by the CDB and the lists in it, then by the
 * verdict cache.
 */
#ifndef RCPT_OFFHAND_H
#define RCPT_OFFHAND_H

#include "check.h"

/*
 * Returns true when that decided, or failed, and the check is done (decide.h). False: the servers of
 * check->record are to be asked about check->target.
 */
bool offhand(struct checker *checker, struct check *check, const char *address, size_t len);

#endif
