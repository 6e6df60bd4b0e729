/*
 * The setting relay_expire, as rcptbuild has compiled it.
 */
#ifndef RELAY_RELAYSETTINGS_H
#define RELAY_RELAYSETTINGS_H

#include <stdint.h>
#include <sys/types.h>

/* For how many seconds a mark holds where nothing else is set. */
int64_t relaysettings_default(void);

/*
 * Reads it from rcptcheck.cdb in this home, unless that is still the file with this inode, or there
 * is none. Returns 1 when it was read, 0 when not, -1 with *why for a file that cannot be read.
 */
int relaysettings_read(const char *home, ino_t *inode, int64_t *expire, const char **why);

#endif
