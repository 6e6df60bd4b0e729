/*
 * One line of a program that stands in a chain: to descriptor 2, or to the system's log where that
 * is the client's. Never waits: who should read it may be asleep, and a user is not to wait for it.
 */
#ifndef RELAY_COMPLAIN_H
#define RELAY_COMPLAIN_H

/* "program: what: detail"; detail is foreign, or NULL. errno stays. */
void complain(const char *program, const char *what, const char *detail);

#endif
