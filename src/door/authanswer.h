/*
 * What becomes of a request: each step of the way to its answer.
 */
#ifndef DOOR_AUTHANSWER_H
#define DOOR_AUTHANSWER_H

#include "authdesk.h"

/* number is that of the session at the desk. All leave the session in the state that follows. */

/* The request is whole, or bad. */
void authanswer_request(struct authdesk *desk, struct authsession *session, size_t number);

/* There is room for another program for passwords. */
void authanswer_turn(struct authdesk *desk, struct authsession *session);

/* It has ended, or taken too long. */
void authanswer_password(
    struct authdesk *desk, struct authsession *session, enum checkpw_result result);

/* The connect to a server has ended, or taken too long. */
void authanswer_server(
    struct authdesk *desk, struct authsession *session, enum live_answer answer);

#endif
