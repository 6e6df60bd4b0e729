#include "cacheforget.h"

#include "cacheadmin.h"
#include "cachedomain.h"

static const char forget_sql[] = "DELETE FROM account_cache WHERE address = ?1";
static const char forget_domain_sql[] = "DELETE FROM account_cache WHERE " CACHEDOMAIN_IS;
static const char purge_sql[] =
    "DELETE FROM account_cache WHERE " CACHEDOMAIN_IS " AND expires <= ?2";
static const char uncount_sql[] = "UPDATE account_cache_count SET rows = rows - ?1";

static int
execute(struct cache *cache, const char *sql)
{
	if (sqlite3_exec(cache->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return cache_trouble(cache);
}

/*
 * Runs a bound DELETE, and takes what it removed off the count, as one transaction. Without
 * cache_spill a large one would shut out readers from its middle on, not at its end only.
 */
static int
run_delete(struct cache *cache, sqlite3_stmt *statement, int64_t *removed)
{
	sqlite3_stmt *uncount = NULL;
	int result = -1;

	*removed = 0;
	cache_begin(cache);
	if (execute(cache,
		"PRAGMA synchronous = OFF; PRAGMA cache_spill = OFF; BEGIN IMMEDIATE") == -1)
		return -1;
	if (cache_step(cache, statement) != 0)
		goto done;
	*removed = sqlite3_changes(cache->db);
	uncount = cachedomain_prepare(cache, uncount_sql);
	if (uncount == NULL)
		goto done;
	sqlite3_bind_int64(uncount, 1, *removed);
	if (cache_step(cache, uncount) != 0)
		goto done;
	sqlite3_reset(statement);
	sqlite3_reset(uncount);
	cache_begin(cache);
	result = execute(cache, "COMMIT");
done:
	sqlite3_finalize(uncount);
	if (result == -1) {
		sqlite3_reset(statement);
		sqlite3_exec(cache->db, "ROLLBACK", NULL, NULL, NULL);
	}
	return result;
}

/* The same, and ends the statement: NULL if there is none. */
static int
run_and_end(struct cache *cache, sqlite3_stmt *statement, int64_t *removed)
{
	int result;

	*removed = 0;
	if (statement == NULL)
		return -1;
	result = run_delete(cache, statement, removed);
	sqlite3_finalize(statement);
	return result;
}

int
cacheforget(struct cache *cache, const char *address, size_t len, int64_t *removed)
{
	struct cacheadmin_row row;
	sqlite3_stmt *statement;
	int result = cacheadmin_find(cache, address, len, &row);

	*removed = 0;
	if (result != 1)
		return result;
	statement = cachedomain_prepare(cache, forget_sql);
	if (statement != NULL)
		sqlite3_bind_text(statement, 1, row.key, (int)row.key_len, SQLITE_STATIC);
	return run_and_end(cache, statement, removed);
}

int
cacheforget_domain(struct cache *cache, const char *domain, int64_t *removed)
{
	sqlite3_stmt *statement = cachedomain_prepare_for(cache, forget_domain_sql, domain);

	return run_and_end(cache, statement, removed);
}

int
cacheforget_expired(struct cache *cache, const char *domain, int64_t now, int64_t *removed)
{
	sqlite3_stmt *statement = cachedomain_prepare_for(cache, purge_sql, domain);

	if (statement != NULL)
		sqlite3_bind_int64(statement, 2, now);
	return run_and_end(cache, statement, removed);
}
