/*
 * cachefile_maintain for callers that may be root, in a process of its own that has so much time.
 *
 * SQLite deletes the file that a journal names as its super-journal. A journal in a folder that
 * is not root's alone may name any file, so root must not open a database there: the process has
 * confined itself to the folder (confine.h). And a database there may have no end.
 */
#ifndef RCPT_CACHEKEEP_H
#define RCPT_CACHEKEEP_H

#include <stdbool.h>

/* As cachefile_maintain; what may change with the next call. */
int cachekeep_maintain(const char *path, bool thorough, const char **what);

#endif
