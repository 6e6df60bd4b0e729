/*
 * May a client relay, as relaymark and relaylog have heard? For the protocols of rcptserve, which
 * are pure: what looks it up is set by the program.
 */
#ifndef DOOR_RELAYASK_H
#define DOOR_RELAYASK_H

#include <stdbool.h>
#include <stddef.h>

/* Looks up an address in its one form (relay/relayaddress.h); NULL: nobody relays. */
extern bool (*relayask_look)(const char *address);

/* The same for whatever a mail server asks for: names and parts of addresses never relay. */
bool relayask(const char *bytes, size_t len);

#endif
