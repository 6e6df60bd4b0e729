/*
 * relay.db: what a login makes of a row, what goes and what stays, and what a clock that was set
 * does.
 */
#include "relay/relaydb.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

#define NOW    1700000000
#define EXPIRE 1800

static struct relaydb db;

static void
run(const char *sql)
{
	char *trouble = NULL;

	if (sqlite3_exec(db.database, sql, NULL, NULL, &trouble) != SQLITE_OK)
		ok(false, "%s: %s", sql, trouble);
}

/* The row as "logintime expires user". */
static const char *
row(const char *ip)
{
	static char text[200];
	sqlite3_stmt *statement;

	text[0] = '\0';
	if (sqlite3_prepare_v2(db.database, "SELECT * FROM relay WHERE ip = ?", -1, &statement,
		NULL) != SQLITE_OK)
		return "?";
	sqlite3_bind_text(statement, 1, ip, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		snprintf(text, sizeof(text), "%lld %lld %s",
		    (long long)sqlite3_column_int64(statement, 1),
		    (long long)sqlite3_column_int64(statement, 2),
		    sqlite3_column_type(statement, 4) == SQLITE_NULL
			? "-"
			: (const char *)sqlite3_column_text(statement, 3));
	sqlite3_finalize(statement);
	return text;
}

static void
log_in(const char *ip, int64_t now)
{
	struct relaywire_mark mark;

	relaywire_set_mark(&mark, ip, "joe", 3, "test");
	if (relaydb_begin(&db) != 1 || relaydb_mark(&db, &mark, now, now + EXPIRE) == -1 ||
	    relaydb_commit(&db) == -1)
		ok(false, "%s: %s", ip, relaydb_reason(&db));
}

static int
count(void *context, const char *address, const struct relayrow *fresh)
{
	(void)address;
	(void)fresh;
	++*(int *)context;
	return 0;
}

static int
fresh(int64_t now)
{
	int number = 0;

	is_int(relaydb_fresh(&db, now, count, &number), 0, "who may relay");
	return number;
}

static void
test_logins(void)
{
	log_in("192.0.2.1", NOW);
	is_str(row("192.0.2.1"), "1700000000 1700001800 joe", "a login");
	log_in("192.0.2.1", NOW + 10);
	is_str(row("192.0.2.1"), "1700000010 1700001810 joe", "another renews it");
	run("INSERT INTO relay VALUES ('192.0.2.2', 0, 0, 'admin', 'hand'),"
	    " ('192.0.2.3', 0, 1700009000, 'admin', 'hand'),"
	    " ('192.0.2.4', 1699999000, 1700009000, 'admin', 'hand'),"
	    " ('192.0.2.5', 0, 1699999000, 'admin', 'hand'),"
	    " ('192.0.2.6', 1699999000, 0, 'admin', 'hand')");
	run("INSERT INTO relay (ip, logintime) VALUES ('192.0.2.7', 0)");
	is_int(fresh(NOW + 10), 6, "all but the one that is over");
	for (char ip[] = "192.0.2.2"; ip[8] <= '7'; ip[8]++)
		log_in(ip, NOW);
	is_str(row("192.0.2.2"), "0 0 admin", "a persistent row stays");
	is_str(
	    row("192.0.2.3"), "0 1700009000 admin", "also with an end, which is not shortened");
	is_str(row("192.0.2.4"), "1700000000 1700009000 joe", "nor is that of a login");
	is_str(row("192.0.2.5"), "0 1700001800 admin", "an end that is over is put off");
	is_str(row("192.0.2.6"), "1699999000 0 admin", "for ever stays");
	is_str(row("192.0.2.7"), "0 0 -", "and so does a row of courier-auth-postfix");
	is_int(fresh(NOW + 10), 7, "all may relay");
	is_int(relaydb_age(&db, NOW), 0, "logins at or before then go");
	is_int(fresh(NOW + 10), 6, "and the persistent ones stay");
	is_str(row("192.0.2.4"), "", "gone");
	is_int(relaydb_age(&db, NOW + 10), 0, "all logins go");
	is_str(row("192.0.2.1"), "", "gone");
	is_int(fresh(NOW + 10), 5, "five persistent ones");
}

static void
test_clock(void)
{
	run("DELETE FROM relay WHERE ip <> '192.0.2.2'");
	log_in("192.0.2.1", NOW);
	is_int(relaydb_shift(&db, 3600), 0, "an hour forwards");
	is_str(row("192.0.2.1"), "1700003600 1700005400 joe", "a login moves along");
	is_str(row("192.0.2.2"), "0 0 admin", "a persistent row does not");
	is_int(fresh(NOW), 1, "by the old clock it would not count");
	is_int(relaydb_rebase(&db, NOW, EXPIRE), 0, "a new start by the old clock");
	is_str(row("192.0.2.1"), "1700000000 1700001800 joe", "makes it a login of now");
	is_int(relaydb_shift(&db, -2000000000), 0, "before 1970");
	is_str(row("192.0.2.1"), "1 1 joe", "it never becomes persistent by that");
}

static void
test_odd(void)
{
	run("DELETE FROM relay");
	run("INSERT INTO relay VALUES ('192.0.2.1', 0, 'never', '', ''),"
	    " ('192.0.2.2', 'x', NULL, '', ''), ('192.0.2.3', NULL, NULL, '', ''),"
	    " ('192.0.2.4', 0, -5, '', ''), ('192.0.2.5', 5, x'00', '', '')");
	is_int(fresh(NOW), 0, "what is no time is not for ever");
}

int
main(void)
{
	char folder[] = "/tmp/relaydb.XXXXXX", path[PATH_MAX];
	static const char *const suffixes[] = {"", "-wal", "-shm"};

	if (!ok(mkdtemp(folder) != NULL, "a folder"))
		return tap_done();
	snprintf(path, sizeof(path), "%s/relay.db", folder);
	if (ok(relaydb_open(&db, path) == 0 && db.made && !db.put_aside, "a new database")) {
		test_logins();
		test_clock();
		test_odd();
	}
	relaydb_close(&db);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/relay.db%s", folder, suffixes[i]);
		ok(unlink(path) == 0, "its file %s stayed", suffixes[i]);
	}
	rmdir(folder);
	return tap_done();
}
