/*
 * rcptstatus: were lists of users changed that rcptbuild has not compiled since?
 */
#ifndef DOOR_STATUSLISTS_H
#define DOOR_STATUSLISTS_H

#include <stdint.h>

#include "base/cdbfile.h"
#include "state.h"

/*
 * When a stored list or users_database was changed after state was saved, in seconds since 1970. 0:
 * none was, or who asks may not see them. cdb is the one that was compiled.
 */
int64_t statuslists_changed_at(const struct state *state, struct cdbfile *cdb);

#endif
