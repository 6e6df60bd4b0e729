/*
 * The folder of the cache: can the hook write there?
 */
#ifndef DOOR_STATUSCACHE_H
#define DOOR_STATUSCACHE_H

#include <stdbool.h>

#include "rcpt/checker.h"
#include "status.h"

/*
 * Looks at the rights, opens the cache as rcptcheck does, and tries a write, which is undone.
 * Root is confined to the folder from then on (checker_use_cache): this comes behind all that
 * needs root. Returns whether the cache can be read. STATUS_OK has a fact about it.
 */
bool statuscache_open(struct status *status, struct checker *checker);

#endif
