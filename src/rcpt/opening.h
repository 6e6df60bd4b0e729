/*
 * How many connections to a server there are: opened as they are needed, before they are, and
 * closed when they are not. For primary.h.
 */
#ifndef RCPT_OPENING_H
#define RCPT_OPENING_H

#include "primary.h"

/* Opens and closes what is due. */
void opening_dispatch(struct primary *primary);

/* A connection has gone before it could be used. */
void opening_failed(struct primary *primary, struct link *link);

/* Does another one wait for a connection to the same server, and has none? */
bool opening_starves(const struct primary *primary);

/* The next connection to the server is for that one. */
void opening_yield(struct primary *primary);

/* Does an errand want a new connection, for which one that is there must go? */
bool opening_lacks_fresh(const struct primary *primary);

/* So many errands wait for the server's greeting, not for room. */
size_t opening_room(const struct primary *primary);

/* When opening_dispatch is to be called at the latest. */
int64_t opening_wake(const struct primary *primary);

/* TLS is required, and it is known already that it will not do. answer is set then. */
bool opening_lacks_tls(struct primary *primary, struct smtp_answer *answer);

#endif
