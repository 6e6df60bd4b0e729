/*
 * relaylog's own log, on descriptor 2. It never waits: a log that nobody drains costs lines, not
 * marks, and who writes what relaylog reads must not wait for it either.
 */
#ifndef RELAY_RELAYLOGGER_H
#define RELAY_RELAYLOGGER_H

#include "match.h"

/* From now on all goes to syslog besides. */
void relaylogger_open_syslog(void);

/* "relaylog: key=value", and " reason=reason" if it is not NULL. */
void relaylogger_pair(const char *key, const char *value, const char *reason);

/* A login that was recognised. */
void relaylogger_match(const struct match *match, enum match_result result);

/* "FILE:LINE: reason", as editors and people know it. */
void relaylogger_at(const char *file, unsigned number, const char *reason);

/* Says how many lines nobody read, if there is room by now. */
void relaylogger_catch_up(void);

#endif
