/*
 * rcpthosts from the CDB in use, when it is gone and the tables can't be compiled: qmail without it relays for
 * everybody, and a bad row may stay for a night.
 */
#ifndef DOOR_DELIVERYRESTORE_H
#define DOOR_DELIVERYRESTORE_H

#include "base/cdbfile.h"

/*
 * Writes what the setting write_rcpthosts of that CDB names, unless it is there. The next build makes it
 * anew. Returns 1 when it was written; 0 when there was no need; -1 when it failed, *why says why, until
 * the next call.
 */
int deliveryrestore(struct cdbfile *cdb, const char **why);

#endif
