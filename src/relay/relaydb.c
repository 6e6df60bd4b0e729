#include "relaydb.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OPEN_WAIT 5000 /* ms for locks while the database is opened or made */

/*
 * What an administrator writes may be anything. expires that is no number is not "for ever", and
 * NULL is so only beside logintime 0, which is all that the persistent entries of
 * courier-auth-postfix have. The view is for readers that can't compare with a clock of their own;
 * they may ask for names and parts of addresses as well, so only whole addresses are in it that are no
 * part of others (relayaddress_is_safe_in_parts).
 */
#define EXPIRES                                                                                \
	"CASE typeof(expires) WHEN 'integer' THEN expires"                                     \
	" WHEN 'null' THEN CASE WHEN logintime IS 0 THEN 0 ELSE 1 END ELSE 1 END"
#define LOGINTIME "CASE typeof(logintime) WHEN 'integer' THEN logintime ELSE 0 END"
#define FRESH(now)                                                                             \
	"(" EXPIRES " = 0 OR (" EXPIRES " > " now " AND " LOGINTIME " <= " now                 \
	" + " RELAYDB_SLACK_TEXT "))"
#define RELAYDB_SLACK_TEXT "60"
#define OF_A_LOGIN         "typeof(logintime) = 'integer' AND logintime > 0 AND " EXPIRES " <> 0"

_Static_assert(RELAYROW_SLACK == 60, "RELAYDB_SLACK_TEXT is RELAYROW_SLACK");

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS relay (ip VARCHAR PRIMARY KEY, logintime INTEGER,"
    " expires INTEGER, user VARCHAR, source VARCHAR);"
    "CREATE VIEW IF NOT EXISTS relay_ok (ip) AS SELECT ip FROM relay"
    " WHERE (ip GLOB '[1-9]*.[0-9]*.[0-9]*.[0-9]*' OR ip GLOB '*:*:*:*:*:*:*:*'"
    " OR ip GLOB '*?:?*::*' OR ip = '::1')"
    " AND ip NOT GLOB '*[^0-9a-f.:]*' AND ip NOT GLOB '*[^:]:'"
    " AND " FRESH("CAST(strftime('%s', 'now') AS INTEGER)") ";";

/* Without a sync at each commit: a mark that a power cut takes is a login more for the user. */
static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			       "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";

static const char *const texts[RELAYDB_STATEMENTS] = {
    [RELAYDB_BEGIN] = "BEGIN IMMEDIATE",
    [RELAYDB_COMMIT] = "COMMIT",
    [RELAYDB_ROLLBACK] = "ROLLBACK",
    [RELAYDB_MARK] =
	"INSERT INTO relay (ip, logintime, expires, user, source) VALUES (?1, ?2, ?3, ?4, ?5)"
	" ON CONFLICT (ip) DO UPDATE SET"
	" logintime = CASE WHEN logintime IS 0 THEN 0 ELSE excluded.logintime END,"
	" expires = CASE WHEN typeof(expires) = 'integer' AND expires > excluded.expires"
	"  THEN expires ELSE excluded.expires END,"
	" user = CASE WHEN logintime IS 0 THEN user ELSE excluded.user END,"
	" source = CASE WHEN logintime IS 0 THEN source ELSE excluded.source END"
	" WHERE " EXPIRES " <> 0",
    [RELAYDB_AGE] = "DELETE FROM relay WHERE " OF_A_LOGIN " AND logintime <= ?1",
    [RELAYDB_SWEEP] = "DELETE FROM relay WHERE " OF_A_LOGIN " AND logintime < ?1"
		      " AND " EXPIRES " < ?1",
    [RELAYDB_SHIFT] = "UPDATE relay SET logintime = max(logintime + ?1, 1),"
		      " expires = max(" EXPIRES " + ?1, 1) WHERE " OF_A_LOGIN,
    [RELAYDB_REBASE] = "UPDATE relay SET logintime = ?1,"
		       " expires = ?1 + max(0, min(" EXPIRES " - logintime, ?2))"
		       " WHERE " OF_A_LOGIN " AND logintime > ?1 + " RELAYDB_SLACK_TEXT,
    [RELAYDB_FRESH] = "SELECT ip, " LOGINTIME ", " EXPIRES " FROM relay WHERE " FRESH("?1"),
    [RELAYDB_VERSION] = "PRAGMA data_version",
};

const char *
relaydb_reason(const struct relaydb *db)
{
	return db->database == NULL ? strerror(errno) : sqlite3_errmsg(db->database);
}

bool
relaydb_is_damaged(const struct relaydb *db)
{
	int code = sqlite3_errcode(db->database) & 0xff;

	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static int
open_database(struct relaydb *db, const char *path)
{
	int persist = 1;

	db->database = NULL;
	if (sqlite3_open_v2(path, &db->database,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
		NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_extended_result_codes(db->database, 0) != SQLITE_OK ||
	    sqlite3_busy_timeout(db->database, OPEN_WAIT) != SQLITE_OK ||
	    sqlite3_file_control(db->database, "main", SQLITE_FCNTL_PERSIST_WAL, &persist) !=
		SQLITE_OK ||
	    sqlite3_exec(db->database, settings, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db->database, schema, NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	for (int i = 0; i < RELAYDB_STATEMENTS; i++)
		if (sqlite3_prepare_v3(db->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
			&db->statements[i], NULL) != SQLITE_OK)
			return -1;
	return sqlite3_busy_timeout(db->database, 0) == SQLITE_OK ? 0 : -1;
}

static int
check(void *result, int count, char **values, char **names)
{
	(void)names;
	*(bool *)result = count == 1 && values[0] != NULL && strcmp(values[0], "ok") == 0;
	return 0;
}

static bool
is_sound(struct relaydb *db)
{
	bool sound = false;

	return sqlite3_exec(db->database, "PRAGMA quick_check(1)", check, &sound, NULL) ==
	    SQLITE_OK &&
	    sound;
}

static int
put_aside(const char *path)
{
	static const char *const side_files[] = {"-wal", "-shm"};
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s" RELAYDB_DAMAGED, path) >= (int)sizeof(name) ||
	    rename(path, name) == -1)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s%s", path, side_files[i]);
		(void)unlink(name);
	}
	return 0;
}

int
relaydb_open(struct relaydb *db, const char *path)
{
	memset(db, 0, sizeof(*db));
	db->made = access(path, F_OK) == -1;
	if (open_database(db, path) == 0 && is_sound(db))
		return 0;
	if (db->database == NULL ||
	    (!relaydb_is_damaged(db) && sqlite3_errcode(db->database) != 0))
		return -1;
	relaydb_close(db);
	if (put_aside(path) == -1)
		return -1;
	db->put_aside = true;
	return open_database(db, path);
}

void
relaydb_close(struct relaydb *db)
{
	for (int i = 0; i < RELAYDB_STATEMENTS; i++) {
		sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
	sqlite3_close(db->database);
	db->database = NULL;
}

/* Runs a statement that is bound and yields no rows. Returns SQLite's code. */
static int
run(struct relaydb *db, enum relaydb_statement which)
{
	int code = sqlite3_step(db->statements[which]);

	(void)sqlite3_reset(db->statements[which]);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static int
run_with(struct relaydb *db, enum relaydb_statement which, int64_t a, int64_t b)
{
	sqlite3_stmt *statement = db->statements[which];

	if (sqlite3_bind_int64(statement, 1, a) != SQLITE_OK ||
	    (sqlite3_bind_parameter_count(statement) > 1 &&
		sqlite3_bind_int64(statement, 2, b) != SQLITE_OK))
		return -1;
	return run(db, which) == SQLITE_OK ? 0 : -1;
}

int
relaydb_begin(struct relaydb *db)
{
	int code = run(db, RELAYDB_BEGIN);

	if (code == SQLITE_OK)
		return 1;
	return (code & 0xff) == SQLITE_BUSY ? 0 : -1;
}

int
relaydb_commit(struct relaydb *db)
{
	return run(db, RELAYDB_COMMIT) == SQLITE_OK ? 0 : -1;
}

void
relaydb_rollback(struct relaydb *db)
{
	(void)run(db, RELAYDB_ROLLBACK);
}

int
relaydb_mark(
    struct relaydb *db, const struct relaywire_mark *mark, int64_t now, int64_t expires)
{
	sqlite3_stmt *statement = db->statements[RELAYDB_MARK];

	if (sqlite3_bind_text(statement, 1, mark->address, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 2, now) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 3, expires) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 4, mark->user, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 5, mark->source, -1, SQLITE_STATIC) != SQLITE_OK)
		return -1;
	return run(db, RELAYDB_MARK) == SQLITE_OK ? 0 : -1;
}

int
relaydb_age(struct relaydb *db, int64_t then)
{
	return run_with(db, RELAYDB_AGE, then, 0);
}

int
relaydb_sweep(struct relaydb *db, int64_t then)
{
	return run_with(db, RELAYDB_SWEEP, then, 0);
}

int
relaydb_shift(struct relaydb *db, int64_t seconds)
{
	return run_with(db, RELAYDB_SHIFT, seconds, 0);
}

int
relaydb_rebase(struct relaydb *db, int64_t now, int64_t expire)
{
	return run_with(db, RELAYDB_REBASE, now, expire);
}

int
relaydb_fresh(struct relaydb *db, int64_t now,
    int (*each)(void *context, const char *address, const struct relayrow *row), void *context)
{
	sqlite3_stmt *statement = db->statements[RELAYDB_FRESH];
	int code, result = sqlite3_bind_int64(statement, 1, now) == SQLITE_OK ? 0 : -1;

	while (result == 0 && (code = sqlite3_step(statement)) != SQLITE_DONE) {
		const char *address = (const char *)sqlite3_column_text(statement, 0);
		struct relayrow row;

		if (code != SQLITE_ROW) {
			result = -1;
			break;
		}
		row.logintime = sqlite3_column_int64(statement, 1);
		row.expires = sqlite3_column_int64(statement, 2);
		result = each(context, address != NULL ? address : "", &row);
	}
	(void)sqlite3_reset(statement);
	return result;
}

int64_t
relaydb_version(struct relaydb *db)
{
	sqlite3_stmt *statement = db->statements[RELAYDB_VERSION];
	int64_t version = -1;

	if (sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int64(statement, 0);
	(void)sqlite3_reset(statement);
	return version;
}
