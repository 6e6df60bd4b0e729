/*
 * Routes of domains that are in no table any more: one stays as long as a file that takes mail still has
 * the domain, or what is accepted would go by MX records, back to us.
 */
#ifndef DOOR_DELIVERYKEEP_H
#define DOOR_DELIVERYKEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "intern.h"

/* Starts as {0}. */
struct deliverykeep {
	struct intern domains; /* whose routes are to go */
	bool *needed;          /* of each; NULL: all of them are */
};

/* Notes one. Returns 0, or -1 for want of memory. */
int deliverykeep_note(struct deliverykeep *keep, const char *domain, size_t len);

/*
 * Looks for all that were noted in a text, one domain a line, and in a cdb; either path may be NULL. What
 * can't be read may have them all, and so has a text that is not there: qmail takes mail for everybody
 * then. A cdb that is not there has none. ".example" in either has all that ends in it.
 */
void deliverykeep_look(struct deliverykeep *keep, const char *text, const char *cdb);

bool deliverykeep_needs(const struct deliverykeep *keep, const char *domain, size_t len);

void deliverykeep_free(struct deliverykeep *keep);

#endif
