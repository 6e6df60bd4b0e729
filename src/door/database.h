/*
 * rcptcheck.db: opens it, makes it and its tables where they are missing, and holds one read
 * transaction on it, so that what is read is one state of it whatever editors do meanwhile.
 */
#ifndef DOOR_DATABASE_H
#define DOOR_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "report.h"

#define DATABASE_VERSION 1     /* PRAGMA user_version */
#define DATABASE_WAIT    10000 /* ms, for an editor's lock */

/*
 * Opens the database and begins to read. With check_only nothing is made or changed. Returns 0;
 * 1 when a table lacks a column, with the bad rows in the report; -1 with report->trouble. *db
 * is good for database_close in any case.
 */
int database_open(sqlite3 **db, const char *path, bool check_only, struct report *report);

/* Is there a table of this name? Returns 1, 0, or -1. */
int database_has(sqlite3 *db, const char *table);

/* Has a table, which is there, a column of this name? The same. */
int database_has_column(sqlite3 *db, const char *table, const char *column);

/* Notes in report->trouble what SQLite has against the database. Returns -1. */
int database_trouble(sqlite3 *db, struct report *report);

void database_close(sqlite3 *db);

#endif
