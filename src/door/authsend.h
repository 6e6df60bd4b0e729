/*
 * Answers on their way to nginx: each is logged, and the session is to write it then.
 */
#ifndef DOOR_AUTHSEND_H
#define DOOR_AUTHSEND_H

#include "authdesk.h"

/* why is a word for the log. */

/* No. */
void authsend_refuse(struct authdesk *desk, struct authsession *session,
    enum authreply_kind kind, const char *why);

/* Not now. */
void authsend_temporary(struct authdesk *desk, struct authsession *session, const char *why);

/* That made no sense; it is logged already. */
void authsend_bad(struct authsession *session);

/* A server of nobody's in particular, and where a login goes. */
void authsend_server(struct authdesk *desk, struct authsession *session,
    const struct record_server *server, const char *why);

#endif
