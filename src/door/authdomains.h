/*
 * Is there any domain in rcptcheck.cdb, but for aliases of nothing? One without has been emptied by
 * accident, and then "we do not relay for that domain" is no proof of anything.
 */
#ifndef DOOR_AUTHDOMAINS_H
#define DOOR_AUTHDOMAINS_H

#include "base/cdbfile.h"

/* Returns 1, 0, or -1 with errno. */
int authdomains_any(const struct cdbfile *file);

#endif
