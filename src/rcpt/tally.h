/*
 * How the checks of each domain ended: cache/checks, a file to which each check, but those of
 * -b, appends a line. Statistics for people (rcptstatus); nothing is decided by it, so whatever goes wrong
 * with it is silently nothing.
 *
 * A line: a letter of tally_letters, a blank, the domain in lower case, a newline. Where a
 * blank and a number are behind the domain, it stands for so many checks: rcptbuild sums the
 * lines up when they have become many, and halves the sums, so that the last days weigh most.
 *
 * rcptbuild also makes the file, for all who are to write to it. The hook's user can put
 * anything there; tallysum.h reads it with that in mind.
 */
#ifndef RCPT_TALLY_H
#define RCPT_TALLY_H

#include <stddef.h>

#define TALLY_NAME       "checks"
#define TALLY_DOMAIN_MAX 253
#define TALLY_SIZE_MAX   (4L << 20) /* bytes: no check adds to a file that large */

enum tally_kind {
	TALLY_HIT_YES, /* answered from the cache */
	TALLY_HIT_NO,
	TALLY_ASKED_YES, /* a server said so */
	TALLY_ASKED_NO,
	TALLY_UNDECIDED, /* nobody made a statement */
	TALLY_KINDS,
};

/* The letter of each kind. */
extern const char tally_letters[TALLY_KINDS + 1];

/* How many bytes of the text can be a domain: up to the first blank, control byte or NUL. */
size_t tally_domain_len(const char *text);

/* Counts a check, in the file at path. */
void tally_add(const char *path, const char *domain, enum tally_kind kind);

#endif
