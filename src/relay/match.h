/*
 * A line of a log: is it a login, of whom, and from where? Pure.
 */
#ifndef RELAY_MATCH_H
#define RELAY_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "patterns.h"
#include "relayaddress.h"

enum match_result {
	MATCH_NONE,
	MATCH_LOGIN,
	MATCH_UNSAFE,  /* none, and no line behind it is to be believed: see logprefix.h */
	MATCH_REFUSED, /* a login, but the address must not be marked: refused says why */
};

struct match {
	struct patterns_match by;
	char address[RELAYADDRESS_SIZE]; /* as relayaddress_normalise has it; of MATCH_LOGIN */
	const char *refused;
};

struct match_terms {
	struct patterns *patterns;
	const char *tag; /* of lines that have none; NULL: these are no logins */
	bool loopback;   /* may loopback addresses be marked? */
};

/* The line comes without its newline. One that was cut is no login. */
enum match_result match_line(struct match *match, const struct match_terms *terms,
    const char *line, size_t len, bool cut);

#endif
