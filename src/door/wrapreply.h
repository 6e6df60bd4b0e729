/*
 * What rcptwrap itself says to a client: all texts are in wrapreply.c.
 */
#ifndef DOOR_WRAPREPLY_H
#define DOOR_WRAPREPLY_H

#define WRAPREPLY_SIZE                                                                         \
	511 /* with a NUL; a line is 512 bytes with its CRLF (RFC 5321 4.5.3.1.5) */

extern const char wrapreply_bad[];
extern const char wrapreply_unknown[];
extern const char wrapreply_long[];
extern const char wrapreply_parameter[], wrapreply_literal[];
extern const char wrapreply_recipient[];
extern const char wrapreply_response[];
extern const char wrapreply_ambiguous[];
extern const char wrapreply_refused[];
extern const char wrapreply_unverified[];
extern const char wrapreply_failed[];
extern const char wrapreply_limit[];

#endif
