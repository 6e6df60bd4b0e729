/*
 * The log of routehttp: one line of key=value for each answer that is to be logged.
 */
#ifndef DOOR_AUTHLOG_H
#define DOOR_AUTHLOG_H

#include "authdesk.h"
#include "rcpt/check.h"

enum authlog_answer { AUTHLOG_TEMPORARY, AUTHLOG_DENIED, AUTHLOG_OK };

/* server is the address and port nginx was given, or NULL. */
void authlog_answer(const struct authdesk *desk, const struct authsession *session,
    enum authlog_answer answer, const char *why, const char *server);

/* A request that makes no sense. */
void authlog_bad(const struct authdesk *desk, const char *trouble);

/* What the check of a recipient found. */
void authlog_check(
    const struct authdesk *desk, const struct authsession *session, const struct check *check);

/* Trouble that concerns more than one answer. */
void authlog_trouble(const struct authdesk *desk, const char *text);

#endif
