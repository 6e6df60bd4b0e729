/*
 * How many users each list had in each domain, now and at the last build: a list that lost more
 * than half of them is taken for an accident (a full disk, a query that broke off, a wrong file),
 * since each user that is missing would be refused.
 *
 * data/rcptbuild.counts, written after each build: "rcptbuild.counts 1"; a line for each list and
 * domain: list, domain ("*" for all of the list) and number, tabs between; last the checksum
 * of these lines in hexadecimal. A file that is not exactly that is damage, never "no lists".
 */
#ifndef DOOR_CENSUS_H
#define DOOR_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "intern.h"
#include "report.h"
#include "source.h"

/* A domain must have had so many, or a few less would be an accident. */
#define CENSUS_MIN 4

struct census {
	struct intern names; /* list, tab, domain; and for each of them: */
	uint64_t *counts;
	size_t room;
};

/* Starts empty with {0}. */
void census_free(struct census *census);

/* Sets the number of users. Returns 0, or -1 with errno ENOMEM. */
int census_set(struct census *census, const char *list, const char *domain, uint64_t count);
uint64_t census_get(const struct census *census, const char *list, const char *domain);

/* Returns 1; 0 when there is no such file; -1 with errno, EPROTO for a damaged one. */
int census_load(struct census *census, const char *path);

/* Replaces the file. folder is a descriptor of its folder. Returns 0, or -1 with errno. */
int census_save(const struct census *census, const char *path, int folder);

/* The list that comes from standard input, as "rcptbuild -OPTION NAME" has it. */
struct census_given {
	const char *list; /* as in the census: "feeds/NAME"; "" = none */
	const char *name;
	char option;
	bool forgiven; /* it may lose anything */
};

/*
 * Adds a bad row to the report for each list that has lost more than half of its users, or all of
 * them, over all or in a domain that is still local. One that had a single user may lose it, and so
 * may one that is left without any in all lists: who is in no list is not refused there.
 */
void census_judge(const struct census *old, const struct census *now,
    const struct census_given *given, const struct source *source, struct report *report);

#endif
