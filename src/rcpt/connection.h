/*
 * TCP connections to servers: begun without waiting, and set so that small commands and replies
 * are not held back.
 */
#ifndef RCPT_CONNECTION_H
#define RCPT_CONNECTION_H

#include "base/record.h"
#include "smtp.h"

/*
 * Begins to connect. Returns the descriptor, non-blocking: poll for POLLOUT, then
 * connection_check. -1 with a note: a constant text such as "refused" or "unreachable".
 */
int connection_begin(const struct record_server *server, const char **note);

/* Returns 1 when connected, 0 when not yet, -1 with a note when it cannot be. */
int connection_check(int fd, const char **note);

/* What a conversation needs to know of its ends: own_ip and guard_loop. */
void connection_ends(int fd, struct smtp_terms *terms);

/* To be called after each command: what comes next is acknowledged at once. */
void connection_hurry(int fd);

#endif
