/*
 * The protocol between mailfront and a CVM command module, in its form for looking a user up: one
 * packet in, one packet and an exit code out.
 *
 *	request		2, n, n random bytes, facts, 0
 *	answer		code, n, the same bytes, facts, 0
 *	a fact		its number, a length, so many bytes
 */
#ifndef DOOR_CVM_H
#define DOOR_CVM_H

#include "protocol.h"

extern const struct protocol cvm_protocol;

#endif
