#include "database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0640

/* data/schema.sql, made into a string by the Makefile. */
static const char schema[] =
#include "schema.h"
    ;

static const struct {
	const char *name;
	const char *columns[7]; /* that we read */
} tables[] = {
    {"domain_ips", {"domain", "ip", "port", "order", NULL}},
    {"domain_aliases", {"alias", "domain", NULL}},
    {"local_domains", {"domain", NULL}},
    {"local_users", {"address", NULL}},
    {"always_accept", {"address", NULL}},
    {"mailboxes", {"user", "server", "port", "order", "login", "secret", NULL}},
    {"settings", {"name", "domain", "value", NULL}},
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

int
database_trouble(sqlite3 *db, struct report *report)
{
	const char *path = db == NULL ? NULL : sqlite3_db_filename(db, "main");
	const char *advice = "";
	char reason[160];

	switch (db == NULL ? SQLITE_NOMEM : sqlite3_errcode(db)) {
	case SQLITE_BUSY:
		advice = ": another program keeps it locked, close what it has not committed";
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		advice = ": restore it from a backup";
		break;
	case SQLITE_CANTOPEN:
		snprintf(reason, sizeof(reason),
		    ": %s: run rcptbuild as the owner of the folder data",
		    strerror(sqlite3_system_errno(db)));
		advice = reason;
		break;
	case SQLITE_READONLY:
		advice = ": tables are missing in it and rcptbuild may not write to it";
		break;
	}
	return report_trouble(report, "%s: %s%s", path == NULL ? "rcptcheck.db" : path,
	    db == NULL ? "out of memory" : sqlite3_errmsg(db), advice);
}

/* Ends a statement. Returns 1 when it has a row, 0 when it has none, or -1. */
static int
finish(sqlite3_stmt *stmt)
{
	int step = sqlite3_step(stmt);

	sqlite3_finalize(stmt);
	if (step == SQLITE_ROW)
		return 1;
	return step == SQLITE_DONE ? 0 : -1;
}

int
database_has(sqlite3 *db, const char *table)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db,
		"SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE"
		" AND type IN ('table', 'view')",
		-1, &stmt, NULL) != SQLITE_OK)
		return -1;
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	return finish(stmt);
}

int
database_has_column(sqlite3 *db, const char *table, const char *column)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db,
		"SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2 COLLATE NOCASE", -1,
		&stmt, NULL) != SQLITE_OK)
		return -1;
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, column, -1, SQLITE_STATIC);
	return finish(stmt);
}

static int
read_version(sqlite3 *db, int *version)
{
	sqlite3_stmt *stmt;
	int result = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		*version = sqlite3_column_int(stmt, 0);
		result = 0;
	}
	sqlite3_finalize(stmt);
	return result;
}

/* Creates an empty file of the right mode, whatever the umask; SQLite makes a database of it.
 */
static int
create_file(const char *path, struct report *report)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE);

	if (fd == -1 && errno == EEXIST)
		return 0;
	if (fd == -1 || fchmod(fd, MODE) == -1) {
		report_trouble(report, "%s: cannot be created: %s", path, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	return close(fd);
}

/* Returns 1 when tables or the version are missing, 0, or -1. */
static int
is_incomplete(sqlite3 *db, struct report *report)
{
	int version, incomplete = 0;

	if (read_version(db, &version) == -1)
		return database_trouble(db, report);
	if (version > DATABASE_VERSION || version < 0)
		return report_trouble(report,
		    "%s: made by a newer version of rcptbuild (user_version %d, this one knows "
		    "%d): "
		    "install that",
		    sqlite3_db_filename(db, "main"), version, DATABASE_VERSION);
	for (size_t i = 0; i < TABLES; i++) {
		int has = database_has(db, tables[i].name);

		if (has == -1)
			return database_trouble(db, report);
		if (!has)
			incomplete = 1;
	}
	return version < DATABASE_VERSION ? 1 : incomplete;
}

static int
check_columns(sqlite3 *db, struct report *report)
{
	int result = 0;

	for (size_t i = 0; i < TABLES; i++) {
		int has_table = database_has(db, tables[i].name);

		for (size_t j = 0; has_table == 1 && tables[i].columns[j] != NULL; j++) {
			int has = database_has_column(db, tables[i].name, tables[i].columns[j]);
			struct line line;

			if (has == -1)
				return database_trouble(db, report);
			if (has)
				continue;
			line_start(&line);
			line_add(&line, tables[i].name);
			line_add(&line, ": has no column ");
			line_add(&line, tables[i].columns[j]);
			line_add(&line, ": add it with ALTER TABLE, or rename the table");
			report_add(report, REPORT_BAD, line.text);
			result = 1;
		}
		if (has_table == -1)
			return database_trouble(db, report);
	}
	return result;
}

/* A check must not write the WAL of somebody else back; where there is none it has nothing to
 * do. */
static void
keep_wal(sqlite3 *db, const char *path)
{
	char wal[4096];
	struct stat st;

	if (snprintf(wal, sizeof(wal), "%s-wal", path) < (int)sizeof(wal) &&
	    stat(wal, &st) == 0 && st.st_size > 0)
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

int
database_open(sqlite3 **db, const char *path, bool check_only, struct report *report)
{
	int incomplete;

	*db = NULL;
	if (check_only && access(path, F_OK) == -1)
		return report_trouble(report,
		    "%s: %s: run rcptbuild without -n, it creates the database", path,
		    strerror(errno));
	if (!check_only && create_file(path, report) == -1)
		return -1;
	if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return database_trouble(*db, report);
	sqlite3_busy_timeout(*db, DATABASE_WAIT);
	/* Views and triggers that somebody put in there get no functions with side effects. */
	sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (check_only)
		keep_wal(*db, path);
	if (sqlite3_exec(*db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return database_trouble(*db, report);
	if ((incomplete = is_incomplete(*db, report)) == -1)
		return -1;
	if (incomplete && !check_only) {
		if (sqlite3_exec(*db, "COMMIT; BEGIN IMMEDIATE", NULL, NULL, NULL) !=
			SQLITE_OK ||
		    sqlite3_exec(*db, schema, NULL, NULL, NULL) != SQLITE_OK ||
		    sqlite3_exec(*db, "COMMIT; BEGIN", NULL, NULL, NULL) != SQLITE_OK)
			return database_trouble(*db, report);
	}
	return check_columns(*db, report);
}

void
database_close(sqlite3 *db)
{
	sqlite3_close(db);
}
