/*
 * What the keeper says is done is in relay.db, also when SQLite fails in the middle of a change.
 */
#include "relay/keeper.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relayhome.h"
#include "tap.h"

static struct keeper keeper;

static void
log_line(const struct line *line)
{
	printf("# %s\n", line->text);
}

static struct relaywire_mark
mark(const char *address)
{
	struct relaywire_mark mark;

	(void)relaywire_set_mark(&mark, address, "joe", 3, "test");
	return mark;
}

static long long
rows(void)
{
	sqlite3_stmt *statement;
	long long count = -1;

	if (sqlite3_prepare_v2(keeper.db.database, "SELECT count(*) FROM relay", -1, &statement,
		NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		count = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return count;
}

/* SQLite fails at this: the statement is one that always does. */
static sqlite3_stmt *
spoil(enum relaydb_statement which)
{
	sqlite3_stmt *good = keeper.db.statements[which], *bad = NULL;

	is_int(sqlite3_prepare_v2(keeper.db.database,
		   "DELETE FROM relay WHERE abs(-9223372036854775808) OR ?1 OR ?2 OR ?3 OR ?4"
		   " OR ?5",
		   -1, &bad, NULL),
	    SQLITE_OK, "a statement that fails");
	keeper.db.statements[which] = bad;
	return good;
}

static void
restore(enum relaydb_statement which, sqlite3_stmt *good)
{
	sqlite3_finalize(keeper.db.statements[which]);
	keeper.db.statements[which] = good;
}

static void
test_failures(void)
{
	struct relaywire_mark one = mark("192.0.2.1"), two = mark("192.0.2.2");
	sqlite3_stmt *good;

	ok(keeper_begin(&keeper) && keeper_mark(&keeper, &one) == NULL && keeper_end(&keeper),
	    "a mark");
	is_int(rows(), 1, "is there");

	ok(keeper_begin(&keeper), "SQLite fails at one");
	good = spoil(RELAYDB_MARK);
	ok(keeper_mark(&keeper, &two) == NULL, "which is not refused");
	restore(RELAYDB_MARK, good);
	keeper_age(&keeper, 1000);
	ok(!keeper_end(&keeper), "and in the same turn rows are removed: neither is done");
	is_int(rows(), 1, "all is as before");

	ok(keeper_begin(&keeper) && keeper_mark(&keeper, &two) == NULL,
	    "a mark, and SQLite fails to remove rows");
	good = spoil(RELAYDB_AGE);
	keeper_age(&keeper, 0);
	restore(RELAYDB_AGE, good);
	ok(!keeper_end(&keeper), "neither is done");
	is_int(rows(), 1, "all is as before");

	ok(keeper_begin(&keeper) && keeper_mark(&keeper, &two) == NULL && keeper_end(&keeper),
	    "all is well again");
	is_int(rows(), 2, "the mark is there");
	ok(keeper_begin(&keeper), "rows are removed");
	keeper_age(&keeper, 0);
	ok(keeper_end(&keeper) && keeper_step(&keeper), "which is done");
	is_int(rows(), 0, "they are gone");
}

int
main(void)
{
	if (!ok(open_home(), "a home"))
		return tap_done();
	keeper.log = log_line;
	if (ok(keeper_open(&keeper, home) == 0, "relay.db"))
		test_failures();
	keeper_close(&keeper);
	remove_home();
	return tap_done();
}
