/*
 * The administrator's own account database: another SQLite file, of which the settings say where
 * it is and what its tables and columns are called, as check_user had it.
 *
 *	users_database	its full path; the others only count when it is set
 *	email_table	with email_address; or with email_user and email_domain, if that is not set
 *	domain_table	with domain_domain
 *
 * It is only read, in one transaction. What is odd in a row is a warning and no row: who else writes
 * there must not be able to stop all builds. Nobody is refused for want of such a row (users_miss). Where root runs us and the file belongs to another user,
 * we read it as that user: who owns the folder could else make SQLite give him other files.
 */
#ifndef DOOR_ACCOUNTS_H
#define DOOR_ACCOUNTS_H

#include <sqlite3.h>
#include <sys/types.h>

#include "report.h"
#include "source.h"
#include "users.h"

#define ACCOUNTS_LIST "users_database"
#define ACCOUNTS_TIME 600000 /* ms: for all of it */

struct accounts {
	sqlite3 *db;   /* NULL: there is none */
	int64_t until; /* deadline_now() when it has taken too long */
	uid_t owner;
	gid_t group;
	const char *path, *email_table, *email_address, *email_user, *email_domain;
	const char *domain_table, *domain_domain;
};

/*
 * Opens it and looks at the names; their texts stay those of the source. Returns 0, with bad names
 * in the report, or -1 with report->trouble; so do the next two, which do nothing where there is
 * none.
 */
int accounts_open(
    struct accounts *accounts, const struct source *source, struct report *report);

/* Adds its local domains to the source. */
int accounts_domains(struct accounts *accounts, struct source *source, struct report *report);

/* Passes its users on. */
int accounts_users(struct accounts *accounts, struct users *users);

void accounts_close(struct accounts *accounts);

/* Notes in report->trouble what SQLite has against it. Returns -1. */
int accounts_trouble(const struct accounts *accounts, struct report *report);

#endif
