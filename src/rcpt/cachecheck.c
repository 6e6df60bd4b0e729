#include "cachecheck.h"

#include <sqlite3.h>
#include <string.h>

#include "cacherow.h"
#include "memory.h"

#define SWEEP_MAX 1000 /* rows of a table */

/*
 * Old rows, by the index on (class = 'exists', probed): no row expires before it was asked for,
 * so the rows asked since then need no look. Parameters: time, most rows.
 */
#define OLD_ROWS(known)                                                                        \
	"SELECT * FROM (SELECT address FROM account_cache WHERE (class = 'exists') = " known   \
	" AND probed < ?1 AND expires < ?1 ORDER BY probed LIMIT ?2)"
static const char sweep_sql[] = "DELETE FROM account_cache WHERE address IN"
				" (" OLD_ROWS("0") " UNION ALL " OLD_ROWS("1") " LIMIT ?2)";
static const char sweep_memory_sql[] =
    "DELETE FROM memory WHERE subject IN"
    " (SELECT subject FROM memory WHERE max(since, tried, until) < ?1 LIMIT ?2)";
static const char uncount_sql[] = "UPDATE account_cache_count SET rows = rows - ?1";
static const char counted_sql[] =
    "SELECT (SELECT count(*) FROM account_cache_count) = 1"
    " AND (SELECT rows FROM account_cache_count) = (SELECT count(*) FROM account_cache)";
static const char recount_sql[] =
    "BEGIN IMMEDIATE;"
    "DELETE FROM account_cache_count;"
    "INSERT INTO account_cache_count (rows) SELECT count(*) FROM account_cache;"
    "COMMIT";

/* Runs a statement with up to two numbers. Returns 0, or -1 with the reason in cache. */
static int
run(struct cache *cache, const char *sql, int64_t first, int64_t second)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(cache->db, sql, -1, &statement, NULL);

	if (result == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, first);
		sqlite3_bind_int64(statement, 2, second);
		result = sqlite3_step(statement);
	}
	if (result != SQLITE_DONE)
		cache_trouble(cache);
	sqlite3_finalize(statement);
	return result == SQLITE_DONE ? 0 : -1;
}

/* The first column of the first row, as text, is want: 1; it is not: 0; -1 for trouble. */
static int
says(struct cache *cache, const char *sql, const char *want)
{
	sqlite3_stmt *statement = NULL;
	const char *got;
	int result = -1;

	cache_begin(cache);
	if (sqlite3_prepare_v2(cache->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		got = (const char *)sqlite3_column_text(statement, 0);
		result = got != NULL && strcmp(got, want) == 0;
	} else {
		cache_trouble(cache);
	}
	sqlite3_finalize(statement);
	return result;
}

/* Nothing is written where there is nothing to do: the file's time says whether to check it. */
int
cachecheck_sweep(struct cache *cache, int64_t before)
{
	cache_begin(cache);
	if (run(cache, "PRAGMA synchronous = OFF", 0, 0) == -1 ||
	    run(cache, "BEGIN IMMEDIATE", 0, 0) == -1)
		return -1;
	if (run(cache, sweep_sql, before, SWEEP_MAX) == 0) {
		int rows = sqlite3_changes(cache->db);

		if ((rows == 0 || run(cache, uncount_sql, rows, 0) == 0) &&
		    run(cache, sweep_memory_sql, before, SWEEP_MAX) == 0 &&
		    run(cache, "COMMIT", 0, 0) == 0)
			return 0;
	}
	sqlite3_exec(cache->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int
cachecheck_count(struct cache *cache)
{
	int right = says(cache, counted_sql, "1");

	if (right != 0)
		return right == 1 ? 0 : -1;
	cache_begin(cache);
	if (sqlite3_exec(cache->db, recount_sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	cache_trouble(cache);
	sqlite3_exec(cache->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int
cachecheck_pages(struct cache *cache)
{
	int right = says(cache, "PRAGMA quick_check(1)", "ok");

	if (right == 0)
		return cache_damage(cache, "a check of its pages found damage");
	return right == 1 ? 0 : -1;
}

static const char *
parse_row(sqlite3_stmt *row)
{
	struct cache_entry entry;

	return cacherow_parse(row, &entry);
}

static const char *
parse_memory(sqlite3_stmt *row)
{
	struct memory memory;

	return memory_parse(row, &memory);
}

/* Deletes the row at which the other statement stands. */
static int
drop_row(sqlite3_stmt *drop, sqlite3_stmt *rows)
{
	int step;

	sqlite3_bind_value(drop, 1, sqlite3_column_value(rows, 0));
	step = sqlite3_step(drop);
	sqlite3_reset(drop);
	return step;
}

/* Walks through a table; parse tells what is damaged. Returns 0 or -1. */
static int
drop_damaged(struct cache *cache, const char *rows_sql, const char *drop_sql,
    const char *(*parse)(sqlite3_stmt *row))
{
	sqlite3_stmt *rows = NULL, *drop = NULL;
	int step = sqlite3_prepare_v2(cache->db, rows_sql, -1, &rows, NULL);

	if (step == SQLITE_OK)
		step = sqlite3_prepare_v2(cache->db, drop_sql, -1, &drop, NULL);
	if (step == SQLITE_OK)
		step = sqlite3_step(rows);
	while (step == SQLITE_ROW) {
		if (parse(rows) != NULL && drop_row(drop, rows) != SQLITE_DONE)
			break;
		step = sqlite3_step(rows);
	}
	if (step != SQLITE_DONE)
		cache_trouble(cache);
	sqlite3_finalize(rows);
	sqlite3_finalize(drop);
	return step == SQLITE_DONE ? 0 : -1;
}

int
cachecheck_rows(struct cache *cache)
{
	cache_begin(cache);
	if (run(cache, "PRAGMA synchronous = OFF", 0, 0) == -1 ||
	    run(cache, "BEGIN IMMEDIATE", 0, 0) == -1)
		return -1;
	if (drop_damaged(cache, "SELECT " CACHEROW_COLUMNS " FROM account_cache",
		"DELETE FROM account_cache WHERE address IS ?1", parse_row) == 0 &&
	    drop_damaged(cache, "SELECT " MEMORY_COLUMNS " FROM memory",
		"DELETE FROM memory WHERE subject IS ?1", parse_memory) == 0 &&
	    run(cache, "COMMIT", 0, 0) == 0)
		return 0;
	sqlite3_exec(cache->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}
