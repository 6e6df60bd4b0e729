/*
 * May this client relay? The look-up, for relaywrap and rcptserve: relay.cdb, and relay.db only if
 * that is missing or damaged.
 */
#ifndef RELAY_RELAYFIND_H
#define RELAY_RELAYFIND_H

#include <stdint.h>

#include "relayaddress.h"

enum relayfind {
	RELAYFIND_NO, /* the safe answer */
	RELAYFIND_YES,
};

struct relayfind_trouble {
	char text[256]; /* printable; "": none */
};

/*
 * address as the outside gives it, NULL or "" if it gives none; now in seconds since 1970; wait is
 * how many milliseconds a lock on relay.db may take. Whatever goes wrong, the answer is NO unless
 * a fresh row was found and proven; trouble says what did. An address that can never relay is a
 * trouble too.
 */
enum relayfind relayfind(const char *home, const char *address, int64_t now, int wait,
    struct relayfind_trouble *trouble);

#endif
