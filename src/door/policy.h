/*
 * Postfix's policy delegation protocol (SMTPD_POLICY_README): lines name=value up to an empty one,
 * answered by action=... and an empty line.
 */
#ifndef DOOR_POLICY_H
#define DOOR_POLICY_H

#include "protocol.h"

extern const struct protocol policy_protocol;

#endif
