/*
 * All lists of users together: the table local_users, users_database, the stored feeds; read in
 * this order, counted, and compared with what they were.
 */
#ifndef DOOR_LISTS_H
#define DOOR_LISTS_H

#include <sqlite3.h>
#include <stdbool.h>

#include "accounts.h"
#include "feeds.h"
#include "users.h"

struct lists {
	struct accounts accounts;
	struct feeds feeds;
	struct users users; /* once they are read */
};

/*
 * All return 0, or -1 with report->trouble; what is bad in a list is in the report.
 *
 * Opens them and adds their domains to the source, which has its tables already. The feed of the
 * name new is read from fd, unless it is NULL.
 */
int lists_open(
    struct lists *lists, struct source *source, const char *new, int fd, struct report *report);

/* Passes the users of all of them on (users.h). */
int lists_read(struct lists *lists, sqlite3 *db, struct source *source, users_add *add,
    void *context, struct report *report);

/*
 * Reports as bad what has shrunk since the file at path was written (census.h). The feed of the name
 * given, unless that is NULL, comes from standard input, and may be forgiven.
 */
int lists_judge(const struct lists *lists, const char *path, const char *given, bool forgiven,
    const struct source *source, struct report *report);

/* Closes what is open; users, which are counts, stay. */
void lists_close(struct lists *lists);
void lists_free(struct lists *lists);

/*
 * Takes a list from standard input, to its end, into a file that has no name. An empty one is bad,
 * and so is one whose last line has no end: the program that should have made it has failed. *bad is
 * NULL or says so, for the report of whoever would store it. Returns a descriptor, or -1 with
 * report->trouble. It may take long, so do it before the lock.
 */
int lists_receive(const char **bad, struct report *report);

/* Makes it the feed of that file name, which every build reads. */
int lists_store(int list, const char *name, struct report *report);

#endif
