/*
 * SQLite's memory in a short process: blocks are apart, keep what is in them, are used again, and go on
 * where the static piece ends; and a database opens by it.
 */
#include <err.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lean.h"
#include "tap.h"

#define BLOCKS 400
#define BIG    5000 /* more than the whole piece in all */

static unsigned char *blocks[BLOCKS];
static int sizes[BLOCKS];

static bool
holds(int i)
{
	for (int at = 0; at < sizes[i]; at++)
		if (blocks[i][at] != (unsigned char)i)
			return false;
	return true;
}

static void
fill(int i)
{
	memset(blocks[i], i, (size_t)sizes[i]);
}

static void
test_reuse(void)
{
	unsigned char *first = lean_take(40), *second = lean_take(40), *third;

	ok(first != NULL && second != NULL && second >= first + 40, "two blocks are apart");
	ok((uintptr_t)first % 8 == 0 && (uintptr_t)second % 8 == 0, "aligned to 8 bytes");
	ok(lean_size(first) >= 40, "as large as was asked for");
	lean_give(first);
	third = lean_take(36);
	if (third == NULL)
		err(1, "no memory");
	ok(third == first, "what was given back is used again for its size");
	ok(lean_resize(second, 5000) == second, "the last block grows where it is");
	memset(third, 7, 36);
	second = lean_resize(third, 500);
	ok(second != third && second[0] == 7 && second[35] == 7,
	    "another one moves, with what is in it");
	lean_give(NULL);
	is_int(lean_size(NULL), 0, "no block has no size");
	ok(lean_take(-1) == NULL, "less than nothing is not given");
}

/* Sizes as they come, past the end of the static piece, some grown, each second one given back twice over. */
static void
test_many(void)
{
	int wrong = 0;

	srandom(1);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < BLOCKS; i++) {
			if (blocks[i] != NULL)
				continue;
			sizes[i] = 1 + (int)(random() % BIG);
			blocks[i] = lean_take(sizes[i]);
			if (blocks[i] == NULL)
				err(1, "no memory");
			fill(i);
		}
		for (int i = 0; i < BLOCKS; i += 3) {
			wrong += !holds(i);
			sizes[i] += 1 + (int)(random() % 100);
			blocks[i] = lean_resize(blocks[i], sizes[i]);
			if (blocks[i] == NULL)
				err(1, "no memory");
			fill(i);
		}
		for (int i = 0; i < BLOCKS; i++)
			wrong += !holds(i);
		for (int i = round % 2; i < BLOCKS; i += 2) {
			lean_give(blocks[i]);
			blocks[i] = NULL;
		}
	}
	is_int(wrong, 0,
	    "no block was written into by another, within the static piece or behind it");
	for (int i = 0; i < BLOCKS; i++)
		lean_give(blocks[i]);
}

static int
open_lean(const char *path, sqlite3 **db)
{
	return sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, LEAN_VFS);
}

/* A write-ahead log is not seen. */
static void
test_log(const char *folder)
{
	char path[64], log[70], shared[70];
	sqlite3 *db = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "%s/b.db", folder);
	snprintf(log, sizeof(log), "%s-wal", path);
	snprintf(shared, sizeof(shared), "%s-shm", path);
	open_lean(path, &db);
	is_int(sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK,
	    "another database");
	sqlite3_close(db);
	file = fopen(log, "w");
	for (int i = 0; file != NULL && i < 40000; i++)
		putc(i * 7 % 251, file);
	if (file == NULL || fclose(file) != 0)
		err(1, "%s", log);
	ok(open_lean(path, &db) == SQLITE_OK &&
		sqlite3_exec(db, "INSERT INTO t VALUES (1)", NULL, NULL, NULL) == SQLITE_OK &&
		access(shared, F_OK) == -1,
	    "a write-ahead log beside it is not seen, and nothing mapped for it");
	sqlite3_close(db);
	unlink(log);
	ok(sqlite3_open(path, &db) == SQLITE_OK &&
		sqlite3_exec(db, "PRAGMA journal_mode = WAL; INSERT INTO t VALUES (2)", NULL,
		    NULL, NULL) == SQLITE_OK &&
		access(shared, F_OK) == 0,
	    "by the usual way it is");
	sqlite3_close(db);
	ok(open_lean(path, &db) == SQLITE_OK &&
		sqlite3_exec(db, "SELECT * FROM t", NULL, NULL, NULL) == SQLITE_CANTOPEN &&
		access(shared, F_OK) == -1,
	    "a database that has one can't be read without");
	sqlite3_close(db);
	unlink(path);
}

static void
test_sqlite(void)
{
	char folder[] = "/tmp/lean.XXXXXX", path[64], relative[64];
	const char *name;
	sqlite3 *db = NULL;
	sqlite3_vfs *vfs;

	if (mkdtemp(folder) == NULL)
		err(1, "mkdtemp");
	lean_one_question();
	lean_set_up();
	lean_set_up();
	vfs = sqlite3_vfs_find(NULL);
	ok(vfs != NULL && strcmp(vfs->zName, LEAN_VFS) != 0, "what others open is as ever");
	snprintf(path, sizeof(path), "%s//a.db", folder);
	ok(open_lean(path, &db) == SQLITE_OK &&
		sqlite3_exec(db,
		    "CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + "
		    "1 FROM n"
		    " WHERE i < 3000) INSERT INTO t SELECT hex(randomblob(300)) FROM n;"
		    "CREATE INDEX i ON t (a); DELETE FROM t WHERE rowid % 2",
		    NULL, NULL, NULL) == SQLITE_OK,
	    "a database far larger than the static piece is written");
	name = sqlite3_db_filename(db, "main");
	ok(name != NULL && strcmp(name, path) == 0, "by the very path (%s)", name);
	is_int(sqlite3_close(db), SQLITE_OK, "and closed");
	unlink(path);
	snprintf(relative, sizeof(relative), "a.db");
	ok(chdir(folder) == 0 && open_lean(relative, &db) == SQLITE_OK, "a relative path too");
	name = sqlite3_db_filename(db, "main");
	ok(name != NULL && name[0] == '/', "is made a whole one");
	sqlite3_close(db);
	unlink(path);
	ok(symlink("/etc/passwd", path) == 0 && open_lean(path, &db) == SQLITE_CANTOPEN,
	    "a link in the place of the file is not opened");
	sqlite3_close(db);
	unlink(path);
	test_log(folder);
	rmdir(folder);
}

int
main(void)
{
	test_reuse();
	test_many();
	test_sqlite();
	return tap_done();
}
