/*
 * What rcptwrap logs: only trouble, and what it hides or ends. One line each on descriptor 2:
 * "rcptwrap: client=... key=value".
 */
#ifndef DOOR_WRAPLOG_H
#define DOOR_WRAPLOG_H

#include "wrapanswer.h"

/* value is printable text of ours; number an errno, or 0. */
void wraplog(const char *key, const char *value, int number);

/* Why there is no answer about this recipient. */
void wraplog_answer(const char *recipient, const struct wrapanswer *answer);

/* What happened in a session: a set of enum wrapsession_event. hidden goes with the first of them. */
void wraplog_events(unsigned events, const char *hidden);

#endif
