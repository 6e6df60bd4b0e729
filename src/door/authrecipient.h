/*
 * Mail without a login: is there such a recipient, and to which server does his mail go?
 */
#ifndef DOOR_AUTHRECIPIENT_H
#define DOOR_AUTHRECIPIENT_H

#include "authdesk.h"
#include "rcpt/check.h"

/* Has the recipient checked; number is that of the session at the desk. */
void authrecipient_ask(struct authdesk *desk, struct authsession *session, size_t number);

/* The recipient is checked. */
void authrecipient_answer(
    struct authdesk *desk, struct authsession *session, const struct check *check);

#endif
