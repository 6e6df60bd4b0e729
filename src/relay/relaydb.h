/*
 * relay.db, for its one writer: relayd, or relayage while there is none. All times are seconds
 * since 1970.
 *
 * WAL, with side files that stay when nobody has the database open: who may only read, Postfix for
 * one, could not make them. See relay(7) for what administrators may do with it meanwhile.
 */
#ifndef RELAY_RELAYDB_H
#define RELAY_RELAYDB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "relayrow.h"
#include "relaywire.h"

#define RELAYDB_DAMAGED ".damaged" /* behind the name of one that was put aside */

enum relaydb_statement {
	RELAYDB_BEGIN,
	RELAYDB_COMMIT,
	RELAYDB_ROLLBACK,
	RELAYDB_MARK,
	RELAYDB_AGE,
	RELAYDB_SWEEP,
	RELAYDB_SHIFT,
	RELAYDB_REBASE,
	RELAYDB_FRESH,
	RELAYDB_VERSION,
	RELAYDB_STATEMENTS
};

struct relaydb {
	sqlite3 *database;
	sqlite3_stmt *statements[RELAYDB_STATEMENTS];
	bool made; /* there was none */
	bool
	    put_aside; /* the one that was there is damaged, and has RELAYDB_DAMAGED in its name */
};

/*
 * Opens it; makes it, its table and view if need be. A damaged one is put aside. The caller holds
 * the lock (relaylock.h). Returns 0, or -1: relaydb_reason says why.
 */
int relaydb_open(struct relaydb *db, const char *path);

/* Did the last call find it damaged? */
bool relaydb_is_damaged(const struct relaydb *db);

/* Why the last call failed. */
const char *relaydb_reason(const struct relaydb *db);

/*
 * A change is between begin and commit. begin returns 0 when another program has the database
 * locked, at once; 1 when all is well. All others return 0; all return -1 for trouble.
 */
int relaydb_begin(struct relaydb *db);
int relaydb_commit(struct relaydb *db);
void relaydb_rollback(struct relaydb *db);

/* A login: makes its row or renews it. A persistent row stays as it is, and nothing is shortened. */
int relaydb_mark(
    struct relaydb *db, const struct relaywire_mark *mark, int64_t now, int64_t expires);

/* Removes all rows of logins at or before then, but for those that hold for ever. */
int relaydb_age(struct relaydb *db, int64_t then);

/* Removes those of logins that expired before then. */
int relaydb_sweep(struct relaydb *db, int64_t then);

/* The clock was set, by so many seconds: all logins move along. */
int relaydb_shift(struct relaydb *db, int64_t seconds);

/*
 * Logins that are yet to come were noted by another clock: they become logins of now, and hold no
 * longer than they did, nor than expire seconds.
 */
int relaydb_rebase(struct relaydb *db, int64_t now, int64_t expire);

/*
 * Calls each with all rows that are fresh now, in no order, until it returns -1; of these rows the
 * address is whatever somebody wrote.
 */
int relaydb_fresh(struct relaydb *db, int64_t now,
    int (*each)(void *context, const char *address, const struct relayrow *row), void *context);

/* A number that is another one when somebody else has changed the database; -1 for trouble. */
int64_t relaydb_version(struct relaydb *db);

void relaydb_close(struct relaydb *db);

#endif
