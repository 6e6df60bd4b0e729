/*
 * For whom a line of the map is: the user as an administrator writes it.
 *
 *	user@domain, user	one user; the second whatever the domain is
 *	@domain, *@domain	all of a domain
 *	*			all there are
 *	a-f, a-f@domain		all who begin with a to f: one letter or digit at each side
 *	aa-cz*, aa-cz*@domain	the same with any length, that of both sides
 *	pop*, pop*@domain	all who begin with pop
 *	"a-f", "a-f"@domain	one user with that name: quotes take nothing for a sign
 */
#ifndef ROUTE_ENTRY_H
#define ROUTE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "route.h"

struct entry {
	enum route_match match;
	char local
	    [ROUTE_TEXT_SIZE]; /* of one user: as written; of a range: the first, in lower case */
	char last[ROUTE_TEXT_SIZE];   /* of a range */
	char domain[ROUTE_TEXT_SIZE]; /* ASCII letters in lower case; "" = none */
};

/*
 * Returns NULL, or why this is none: a constant text that reads well behind "mailboxes: rowid 3:
 * user: 'x': ". Whether the domain can be one is left to the caller.
 */
const char *entry_parse(struct entry *entry, const char *text, size_t len);

/* Who looks for a route, in pieces. */
struct wanted {
	size_t len;                   /* less than was given where a dot was dropped */
	char exact[ROUTE_TEXT_SIZE];  /* the domain is in lower case, the rest as given */
	char folded[ROUTE_TEXT_SIZE]; /* all of it is in lower case */
	size_t local_len;             /* in front of the last "@" */
	const char *domain;           /* points into folded; NULL: none */
};

/*
 * One dot at the end of a domain is dropped, and its ASCII letters are in lower case, as rcptcheck has
 * it; that is all that can be done without tables of Unicode. Returns false for what can't be a user:
 * empty, too long, with control bytes, "@domain".
 */
bool wanted_parse(struct wanted *wanted, const char *user, size_t len);

/*
 * Is this entry for him? Returns 0 when not, else how much it is: of several, the greatest number
 * holds. This is the order that map_find has.
 */
unsigned entry_fits(const struct entry *entry, const struct wanted *wanted);

/* ASCII letters in lower case. */
void entry_fold(char *out, const char *text, size_t len);

/*
 * Writes the name in front of the "@" as the entry of one user does. Returns false, and changes nothing,
 * when it differs from that in more than case.
 */
bool entry_spell(char *user, size_t len, const char *entry);

#endif
