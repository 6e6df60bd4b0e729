/*
 * A filter of OpenSMTPD (smtpd-filters(7)): lines of fields with "|" between, answered in any order.
 *
 *	config|...					until config|ready
 *	report|VERSION|TIME|smtp-in|EVENT|SESSION|...	what is remembered for the log
 *	filter|VERSION|TIME|smtp-in|rcpt-to|SESSION|TOKEN|ADDRESS
 *
 *	filter-result|SESSION|TOKEN|proceed		or reject|REPLY
 *
 * Before version 0.5 the answer has TOKEN in front of SESSION, and the report of a sender its result
 * behind the address.
 */
#ifndef DOOR_OPENSMTPD_H
#define DOOR_OPENSMTPD_H

#include "protocol.h"

extern const struct protocol opensmtpd_protocol;

#endif
