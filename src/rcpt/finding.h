/*
 * Findings: what a primary server's answer says about an address, before any setting turns it
 * into a verdict.
 */
#ifndef RCPT_FINDING_H
#define RCPT_FINDING_H

#include <stdbool.h>

/*
 * Zero says nothing. Only EXISTS, UNKNOWN and REFUSED are about the address; only they are
 * cached.
 */
enum finding {
	FINDING_TEMPORARY = 0, /* no statement now: 4xx, time-out, lost connection, garbage */
	FINDING_EXISTS,
	FINDING_UNKNOWN,   /* no such user */
	FINDING_REFUSED,   /* the user takes no mail now: reject, remember briefly */
	FINDING_POLICY,    /* about us, the domain or the server, not about the user */
	FINDING_AMBIGUOUS, /* could be either: counts as policy until a second question decides */
};

/* "temporary", "exists", "unknown", "refused", "policy", "ambiguous"; stored in the cache. */
const char *finding_name(enum finding finding);

/* The finding of that name. Returns false when no finding has it. */
bool finding_parse(enum finding *finding, const char *name);

/* Is it a "no": unknown or refused? */
bool finding_is_no(enum finding finding);

/* Is it about the address, so that it may be remembered? */
bool finding_is_verdict(enum finding finding);

#endif
