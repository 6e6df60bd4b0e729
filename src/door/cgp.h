/*
 * The External Authentication helper of CommuniGate Pro: one line a question, answered in any order
 * by a line that begins with the same number.
 *
 *	nnn NEW [MAIL] user@domain	nnn ROUTED user%domain@[192.0.2.1]
 *					nnn ERROR text: not ours, or nobody's
 *					nnn FAILURE text: not now
 *	nnn INTF version		nnn INTF 3
 *	nnn QUIT			nnn OK
 *	any other			nnn ERROR text
 *
 * Where in the line the type and the address stand is nowhere written down, so they are told by
 * how they look. Lines of ours that begin with "* " go to the server's log.
 */
#ifndef DOOR_CGP_H
#define DOOR_CGP_H

#include "protocol.h"

extern const struct protocol cgp_protocol;

/* For all that follows. */
struct cgp_options {
	const char *keyword; /* ROUTED */
	bool typed;          /* a question without a type is none about mail */
};
extern struct cgp_options cgp_options;

#endif
