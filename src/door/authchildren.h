/*
 * The programs for passwords that are at work: at most AUTHDESK_CHILDREN, and those who wait for one have
 * their turns.
 */
#ifndef DOOR_AUTHCHILDREN_H
#define DOOR_AUTHCHILDREN_H

#include "authdesk.h"

/* Begins with who has waited for the longest, while there is room. */
void authchildren_begin(struct authdesk *desk);

/* It has taken too long: who waits has its place now, whether it can be ended or not. */
void authchildren_lose(struct authdesk *desk, pid_t child);

/* Takes those that have ended; their sessions get what they said. */
void authchildren_reap(struct authdesk *desk);

#endif
