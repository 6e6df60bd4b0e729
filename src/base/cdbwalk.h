/*
 * All of a CDB (cdbfile.h), one record after the other; nothing on the hot path does that.
 */
#ifndef BASE_CDBWALK_H
#define BASE_CDBWALK_H

#include "cdbfile.h"

/*
 * Calls each for every record, in the order in which they were written and the mark first,
 * until it returns other than 0; then proves the hash tables. Returns 0 when the whole file is
 * as it was written, 1 when each made an end of it, -1 with errno as cdbfile_find.
 */
int cdbwalk(const struct cdbfile *file,
    int (*each)(void *arg, const struct cdbfile_record *record), void *arg);

#endif
