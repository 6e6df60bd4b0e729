/*
 * Where rcptserve's log goes: to descriptor 2, unless that is what the mail server talks on, or
 * nobody's; then to syslog.
 */
#ifndef DOOR_SERVELOG_H
#define DOOR_SERVELOG_H

#include <stdbool.h>

#include "base/line.h"

/*
 * Before anything is opened: fills the holes in descriptors 0 to 2, takes 2 out of everybody's reach
 * where it is the socket that 0 or 1 is, and opens syslog where it is needed. quiet: descriptor
 * 2 is to be used for nothing. Returns 1 for syslog, 0 for descriptor 2, or -1: that failed,
 * or there is nobody to answer on descriptor 1.
 */
int servelog_open(const char *name, bool quiet);

/* A log that nobody drains costs lines, not answers. */
void servelog_line(const struct line *line);

#endif
