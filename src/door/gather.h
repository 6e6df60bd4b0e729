/*
 * All that rcptcheck.cdb is made of: read, resolved, judged.
 */
#ifndef DOOR_GATHER_H
#define DOOR_GATHER_H

#include "build.h"

/*
 * Without users, where only host names are due. With them, and unless nothing is to be written, the CDB is
 * begun: there may be millions, and they go into it at once. What is bad is in the report. Returns 0, or -1
 * with report->trouble.
 */
int gather(struct build *build, bool with_users);

#endif
