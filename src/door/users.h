/*
 * Users on their way from the lists into the CDB. They are never kept: ten million of them pass
 * through, only counts remain.
 */
#ifndef DOOR_USERS_H
#define DOOR_USERS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/record.h"
#include "census.h"
#include "listing.h"
#include "report.h"
#include "source.h"

#define USERS_DOMAINS 4096

/* Takes the key of a record "u" or "w". Returns 0, or -1 with errno. */
typedef int users_add(void *context, const char *key, size_t len);

struct users {
	struct source *source; /* its local domains; learns which have users */
	struct report *report;
	users_add *add; /* NULL: they are only checked and counted */
	void *context;
	struct census census;
	uint64_t digest; /* of the local domains, and of all keys in order */
	uint64_t count;

	const char *list;    /* the one that is read */
	uint64_t listed;     /* how many of it were taken */
	uint64_t foreign;    /* and how many were not, since their domains are not local */
	uint64_t *of_domain; /* taken, by the number of the domain */

	/* Many users have few domains: what these are, by a hash of them as written. */
	struct users_domain {
		char text[ADDRESS_DOMAIN_MAX];
		size_t len;      /* 0: none */
		uint32_t number; /* of the name; INTERN_NONE: it is not local */
	} domains[USERS_DOMAINS];
	uint32_t number; /* that of the user at hand */

	/* The last one: neighbours may be the same. */
	char key[RECORD_USER_KEY_SIZE];
	size_t key_len;
};

/* All return 0, or -1 with report->trouble. */

/* All local domains must be known. */
int users_start(struct users *users, struct source *source, struct report *report);
void users_free(struct users *users);

/* Begins and ends a list; its name stays the caller's. */
int users_begin(struct users *users, const char *list);
int users_end(struct users *users);

/* Takes one. Sets *why, to NULL or to what is wrong with its domain. */
int users_take(struct users *users, const struct listing *listing, const char **why);

/*
 * Something of this domain could not be read: from now on its list proves nothing against anybody who
 * is not in it.
 */
void users_miss(struct users *users, const char *domain, size_t len);

/* The list that is the table local_users. */
int users_of_table(struct users *users, sqlite3 *db);

/* Warns of local domains that have no users at all. */
void users_judge(const struct users *users);

#endif
