#include "cacheadmin.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cacherow.h"

#define BUSY_MS 5000
#define BATCH   256 /* rows read under one lock */

/* domain(address) is ours: see domain_function. */
#define IN_DOMAIN "(?1 IS NULL OR domain(address) = domain('@' || ?1))"

static const char first_sql[] = "SELECT " CACHEROW_COLUMNS " FROM account_cache"
				" WHERE " IN_DOMAIN " ORDER BY address LIMIT ?2";
static const char next_sql[] =
    "SELECT " CACHEROW_COLUMNS " FROM account_cache"
    " WHERE " IN_DOMAIN " AND address > ?3 ORDER BY address LIMIT ?2";
static const char one_sql[] =
    "SELECT " CACHEROW_COLUMNS " FROM account_cache WHERE address = ?1";
static const char forget_sql[] = "DELETE FROM account_cache WHERE address = ?1";
static const char forget_domain_sql[] = "DELETE FROM account_cache WHERE " IN_DOMAIN;
static const char purge_sql[] =
    "DELETE FROM account_cache WHERE " IN_DOMAIN " AND expires <= ?2";
static const char uncount_sql[] = "UPDATE account_cache_count SET rows = rows - ?1";
static const char top_sql[] =
    "SELECT domain(address) AS name, count(*) AS rows FROM account_cache WHERE " IN_DOMAIN
    " GROUP BY name ORDER BY rows DESC, name LIMIT ?2";

static char
fold(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* In SQL, domain(address): what is behind the last "@", in lower case; "" where there is none.
 */
static void
domain_function(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *address = (const char *)sqlite3_value_text(values[0]);
	size_t len = (size_t)sqlite3_value_bytes(values[0]), start = len;
	char name[CACHE_KEY_MAX];

	(void)count; /* always 1 */
	while (start > 0 && address[start - 1] != '@')
		start--;
	if (start == 0)
		start = len;
	len -= start;
	if (len > sizeof(name))
		len = sizeof(name);
	for (size_t i = 0; i < len; i++)
		name[i] = fold(address[start + i]);
	sqlite3_result_text(context, name, (int)len, SQLITE_TRANSIENT);
}

int
cacheadmin_start(struct cache *cache)
{
	cache_set_busy(cache, BUSY_MS);
	if (sqlite3_create_function(cache->db, "domain", 1,
		SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, domain_function,
		NULL, NULL) == SQLITE_OK)
		return 0;
	return cache_trouble(cache);
}

/* NULL, with the reason in cache, when it cannot be prepared. */
static sqlite3_stmt *
prepare(struct cache *cache, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(cache->db, sql, -1, &statement, NULL) != SQLITE_OK)
		cache_trouble(cache);
	return statement;
}

static void
bind_domain(sqlite3_stmt *statement, const char *domain)
{
	if (domain != NULL)
		sqlite3_bind_text(statement, 1, domain, -1, SQLITE_STATIC);
}

/* A key that is no text is shown as the text it would be. */
static void
read_row(sqlite3_stmt *statement, struct cacheadmin_row *row)
{
	const char *key;

	row->damage = cacherow_parse(statement, &row->entry);
	key = (const char *)sqlite3_column_text(statement, 0);
	row->key_len = (size_t)sqlite3_column_bytes(statement, 0);
	if (row->key_len > sizeof(row->key))
		row->key_len = sizeof(row->key);
	if (row->key_len > 0)
		memcpy(row->key, key, row->key_len);
}

static int
find_key(struct cache *cache, const char *key, size_t len, struct cacheadmin_row *row)
{
	sqlite3_stmt *statement;
	int step;

	cache_begin(cache);
	statement = prepare(cache, one_sql);
	if (statement == NULL)
		return -1;
	sqlite3_bind_text(statement, 1, key, (int)len, SQLITE_STATIC);
	step = sqlite3_step(statement);
	if (step == SQLITE_ROW)
		read_row(statement, row);
	else if (step != SQLITE_DONE)
		cache_trouble(cache);
	sqlite3_finalize(statement);
	if (step == SQLITE_ROW)
		return 1;
	return step == SQLITE_DONE ? 0 : -1;
}

int
cacheadmin_find(
    struct cache *cache, const char *address, size_t len, struct cacheadmin_row *row)
{
	char key[CACHE_KEY_MAX];
	size_t domain = len;
	int found;

	if (len > sizeof(key))
		return 0;
	memcpy(key, address, len);
	while (domain > 0 && key[domain - 1] != '@') {
		domain--;
		key[domain] = fold(key[domain]);
	}
	found = find_key(cache, key, len, row);
	if (found != 0)
		return found;
	for (size_t i = 0; i < domain; i++)
		key[i] = fold(key[i]);
	return find_key(cache, key, len, row);
}

/*
 * Reads up to BATCH rows behind last, which it then replaces. Keys must ascend: the tree of a
 * damaged file may send us round for ever.
 */
static int
read_batch(struct cache *cache, const char *domain, sqlite3_value **last,
    struct cacheadmin_row *rows, size_t *count)
{
	sqlite3_stmt *statement;
	sqlite3_value *key = NULL;
	int step, result = 0;

	*count = 0;
	cache_begin(cache);
	statement = prepare(cache, *last == NULL ? first_sql : next_sql);
	if (statement == NULL)
		return -1;
	bind_domain(statement, domain);
	sqlite3_bind_int(statement, 2, BATCH);
	if (*last != NULL)
		sqlite3_bind_value(statement, 3, *last);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW && *count < BATCH) {
		read_row(statement, &rows[(*count)++]);
		if (*count == BATCH)
			key = sqlite3_value_dup(sqlite3_column_value(statement, 0));
	}
	if (step != SQLITE_DONE)
		result = cache_trouble(cache);
	sqlite3_finalize(statement);
	if (result == 0 && key != NULL && *last != NULL &&
	    sqlite3_value_type(key) == SQLITE_TEXT &&
	    sqlite3_value_type(*last) == SQLITE_TEXT &&
	    strcmp((const char *)sqlite3_value_text(key),
		(const char *)sqlite3_value_text(*last)) < 0)
		result = cache_damage(cache, "its rows are out of order");
	sqlite3_value_free(*last);
	*last = key;
	return result;
}

int
cacheadmin_each(struct cache *cache, const char *domain,
    int (*each)(void *arg, const struct cacheadmin_row *row), void *arg)
{
	struct cacheadmin_row *rows = malloc(BATCH * sizeof(*rows));
	sqlite3_value *last = NULL;
	size_t count;
	int result = 0;
	bool stopped = false;

	if (rows == NULL) {
		cache->reason = "out of memory";
		return -1;
	}
	do {
		if (read_batch(cache, domain, &last, rows, &count) == -1)
			result = -1;
		else if (count > 0)
			result = 1;
		for (size_t i = 0; i < count && result == 1 && !stopped; i++)
			stopped = each(arg, &rows[i]) != 0;
	} while (result == 1 && last != NULL && !stopped);
	sqlite3_value_free(last);
	free(rows);
	return result;
}

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
	if (sqlite3_step(statement) != SQLITE_DONE) {
		cache_trouble(cache);
		goto done;
	}
	*removed = sqlite3_changes(cache->db);
	uncount = prepare(cache, uncount_sql);
	if (uncount == NULL)
		goto done;
	sqlite3_bind_int64(uncount, 1, *removed);
	if (sqlite3_step(uncount) != SQLITE_DONE) {
		cache_trouble(cache);
		goto done;
	}
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

int
cacheadmin_forget(struct cache *cache, const char *address, size_t len, int64_t *removed)
{
	struct cacheadmin_row row;
	sqlite3_stmt *statement;
	int result = cacheadmin_find(cache, address, len, &row);

	*removed = 0;
	if (result != 1)
		return result;
	statement = prepare(cache, forget_sql);
	if (statement == NULL)
		return -1;
	sqlite3_bind_text(statement, 1, row.key, (int)row.key_len, SQLITE_STATIC);
	result = run_delete(cache, statement, removed);
	sqlite3_finalize(statement);
	return result;
}

int
cacheadmin_forget_domain(struct cache *cache, const char *domain, int64_t *removed)
{
	sqlite3_stmt *statement = prepare(cache, forget_domain_sql);
	int result;

	*removed = 0;
	if (statement == NULL)
		return -1;
	bind_domain(statement, domain);
	result = run_delete(cache, statement, removed);
	sqlite3_finalize(statement);
	return result;
}

int
cacheadmin_purge(struct cache *cache, const char *domain, int64_t now, int64_t *removed)
{
	sqlite3_stmt *statement = prepare(cache, purge_sql);
	int result;

	*removed = 0;
	if (statement == NULL)
		return -1;
	bind_domain(statement, domain);
	sqlite3_bind_int64(statement, 2, now);
	result = run_delete(cache, statement, removed);
	sqlite3_finalize(statement);
	return result;
}

struct counting {
	struct cacheadmin_stats *stats;
	int64_t now;
};

static int
count_row(void *arg, const struct cacheadmin_row *row)
{
	const struct counting *counting = arg;
	struct cacheadmin_stats *stats = counting->stats;

	if (row->damage != NULL) {
		stats->damaged++;
		return 0;
	}
	switch (row->entry.finding) {
	case FINDING_EXISTS:
		stats->exists++;
		break;
	case FINDING_UNKNOWN:
		stats->unknown++;
		break;
	default: /* the parser lets no other through */
		stats->refused++;
	}
	if (row->entry.expires > counting->now)
		stats->fresh++;
	else
		stats->expired++;
	if (stats->oldest == 0 || row->entry.probed < stats->oldest)
		stats->oldest = row->entry.probed;
	if (row->entry.probed > stats->newest)
		stats->newest = row->entry.probed;
	return 0;
}

int
cacheadmin_stats(
    struct cache *cache, const char *domain, int64_t now, struct cacheadmin_stats *stats)
{
	struct counting counting = {stats, now};

	memset(stats, 0, sizeof(*stats));
	return cacheadmin_each(cache, domain, count_row, &counting);
}

int
cacheadmin_top(struct cache *cache, const char *domain,
    struct cacheadmin_domain top[CACHEADMIN_TOP], size_t *count)
{
	sqlite3_stmt *statement;
	int step;

	*count = 0;
	cache_begin(cache);
	statement = prepare(cache, top_sql);
	if (statement == NULL)
		return -1;
	bind_domain(statement, domain);
	sqlite3_bind_int(statement, 2, CACHEADMIN_TOP);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW && *count < CACHEADMIN_TOP) {
		struct cacheadmin_domain *entry = &top[(*count)++];
		const char *name = (const char *)sqlite3_column_text(statement, 0);
		size_t len = (size_t)sqlite3_column_bytes(statement, 0);

		if (len >= sizeof(entry->name))
			len = sizeof(entry->name) - 1;
		if (len > 0)
			memcpy(entry->name, name, len);
		entry->name[len] = '\0';
		entry->rows = sqlite3_column_int64(statement, 1);
	}
	if (step != SQLITE_DONE)
		cache_trouble(cache);
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? 0 : -1;
}
