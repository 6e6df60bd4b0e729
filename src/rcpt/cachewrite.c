#include "cachewrite.h"

#include "cacherow.h"

#define EVICT_MAX 64

static const char damaged_row_count[] = "the count of rows is missing";
static const char replace_sql[] = "REPLACE INTO account_cache (" CACHEROW_COLUMNS ")"
				  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
static const char count_sql[] =
    "UPDATE account_cache_count SET rows = rows + ?1 RETURNING rows";
static const char evict_sql[] =
    "DELETE FROM account_cache WHERE address IN (SELECT address FROM account_cache"
    " WHERE address <> ?1 ORDER BY class = 'exists', probed LIMIT ?2)";
static const char begin_sql[] = "BEGIN IMMEDIATE";
static const char commit_sql[] = "COMMIT";
static const char drop_sql[] = "DELETE FROM account_cache WHERE address = ?1";
static const char drop_noes_sql[] =
    "DELETE FROM account_cache WHERE (class = 'exists') = 0 AND probed >= ?1"
    " AND substr(address, -1 - length(?2)) = '@' || ?2";

/* Is there a row of this key? No matter which. Returns 1, 0, or -1 with the reason. */
static int
has_row(struct cache *cache, const char *key, size_t key_len)
{
	sqlite3_stmt *select = cache_statement(cache, cache_select_sql);
	int result;

	if (select == NULL)
		return -1;
	sqlite3_bind_text(select, 1, key, (int)key_len, SQLITE_STATIC);
	result = cache_step(cache, select);
	cache_release(select);
	return result;
}

static int
replace_row(
    struct cache *cache, const char *key, size_t key_len, const struct cache_entry *entry)
{
	sqlite3_stmt *statement = cache_statement(cache, replace_sql);
	int result = -1;

	if (statement == NULL)
		return -1;
	if (cacherow_bind(statement, key, key_len, entry) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_DONE)
		result = 0;
	else
		cache_trouble(cache);
	cache_release(statement);
	return result;
}

/* Adds to the count of rows. Returns 0 with the new count, or -1 with the reason. */
static int
add_count(struct cache *cache, int change, int64_t *rows)
{
	sqlite3_stmt *statement = cache_statement(cache, count_sql);
	int result;

	if (statement == NULL)
		return -1;
	sqlite3_bind_int(statement, 1, change);
	result = cache_step(cache, statement);
	if (result == 1)
		*rows = sqlite3_column_int64(statement, 0);
	else if (result == 0)
		cache_damage(cache, damaged_row_count);
	cache_release(statement);
	return result == 1 ? 0 : -1;
}

/* Runs a bound DELETE; the count follows. */
static int
run_delete(struct cache *cache, sqlite3_stmt *statement)
{
	int result = cache_step(cache, statement), removed;
	int64_t rows;

	cache_release(statement);
	if (result != 0)
		return -1;
	removed = sqlite3_changes(cache->db);
	return removed == 0 ? 0 : add_count(cache, -removed, &rows);
}

/*
 * Drops rows so that the next stores need not: one in 64 of the limit, at most EVICT_MAX in
 * all, so that no single check pays for many and a small cache is not emptied.
 */
static int
evict(struct cache *cache, const char *key, size_t key_len, int64_t rows, uint32_t limit)
{
	sqlite3_stmt *statement = cache_statement(cache, evict_sql);
	int64_t count = rows - limit + limit / EVICT_MAX;

	if (count > EVICT_MAX)
		count = EVICT_MAX;
	if (statement == NULL)
		return -1;
	sqlite3_bind_text(statement, 1, key, (int)key_len, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, count);
	return run_delete(cache, statement);
}

static int
execute(struct cache *cache, const char *sql)
{
	sqlite3_stmt *statement = cache_statement(cache, sql);
	int result;

	if (statement == NULL)
		return -1;
	result = cache_step(cache, statement);
	cache_release(statement);
	return result;
}

/*
 * synchronous=OFF: after a crash of the machine the cache may be damaged, which is found, and
 * it is disposable; a killed process leaves a journal that the next one rolls back.
 */
int
cachewrite_begin(struct cache *cache)
{
	if (cache->db == NULL)
		return -1;
	cache_begin(cache);
	if (!cache->hasty &&
	    sqlite3_exec(cache->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK)
		return cache_trouble(cache);
	cache->hasty = true;
	return execute(cache, begin_sql);
}

int
cachewrite_end(struct cache *cache, bool good)
{
	if (good && execute(cache, commit_sql) == 0)
		return 0;
	/* Most errors have rolled back already; what this says is of no interest. */
	sqlite3_exec(cache->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int
cachewrite_put(struct cache *cache, const char *key, size_t key_len,
    const struct cache_entry *entry, uint32_t limit)
{
	const char *refused = cacherow_refuse(key_len, entry);
	int64_t rows = 0;
	int known;

	if (refused != NULL) {
		cache->reason = refused;
		return -1;
	}
	known = has_row(cache, key, key_len);
	if (known == -1 || replace_row(cache, key, key_len, entry) == -1 ||
	    (known == 0 && add_count(cache, 1, &rows) == -1))
		return -1;
	return rows > limit ? evict(cache, key, key_len, rows, limit) : 0;
}

int
cachewrite_drop(struct cache *cache, const char *key, size_t key_len)
{
	sqlite3_stmt *statement = cache_statement(cache, drop_sql);

	if (statement == NULL)
		return -1;
	sqlite3_bind_text(statement, 1, key, (int)key_len, SQLITE_STATIC);
	return run_delete(cache, statement);
}

int
cachewrite_drop_noes(struct cache *cache, const char *domain, int64_t since)
{
	sqlite3_stmt *statement = cache_statement(cache, drop_noes_sql);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, since);
	sqlite3_bind_text(statement, 2, domain, -1, SQLITE_STATIC);
	return run_delete(cache, statement);
}
