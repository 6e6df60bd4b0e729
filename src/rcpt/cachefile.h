/*
 * The care of the verdict cache that rcptbuild takes: it makes the file, replaces a damaged
 * one, and drops rows that are of no more use; and that of what lies beside it (tallysum.h).
 */
#ifndef RCPT_CACHEFILE_H
#define RCPT_CACHEFILE_H

#include <stdbool.h>

#define CACHEFILE_KEEP_STALE (7L * 86400) /* seconds: an expired no is of use in an outage */

/*
 * Looks after the cache at path; its folder must be there. thorough: checks all pages and rows
 * now, else only when something tells that it is time. Returns 0 when all is well (or another
 * process is at it), 1 when it made a new cache or emptied a damaged one, -1 for trouble. what
 * is a constant text then: why, such as "it is damaged"; "" with 0.
 */
int cachefile_maintain(const char *path, bool thorough, const char **what);

#endif
