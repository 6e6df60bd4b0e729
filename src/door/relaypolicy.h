/*
 * Postfix's policy delegation protocol (SMTPD_POLICY_README) once more, with another question: may
 * this client relay? The answer is OK or no opinion; it needs no check.
 */
#ifndef DOOR_RELAYPOLICY_H
#define DOOR_RELAYPOLICY_H

#include "protocol.h"

extern const struct protocol relaypolicy_protocol;

#endif
