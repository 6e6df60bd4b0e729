#include "cacheadmin.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cachedomain.h"
#include "cacherow.h"

#define BUSY_MS 5000
#define BATCH   256 /* rows read under one lock */

static const char first_sql[] = "SELECT " CACHEROW_COLUMNS " FROM account_cache"
				" WHERE " CACHEDOMAIN_IS " ORDER BY address LIMIT ?2";
static const char next_sql[] =
    "SELECT " CACHEROW_COLUMNS " FROM account_cache"
    " WHERE " CACHEDOMAIN_IS " AND address > ?3 ORDER BY address LIMIT ?2";
static const char one_sql[] =
    "SELECT " CACHEROW_COLUMNS " FROM account_cache WHERE address = ?1";
static const char top_sql[] =
    "SELECT domain(address) AS name, count(*) AS rows FROM account_cache WHERE " CACHEDOMAIN_IS
    " GROUP BY name ORDER BY rows DESC, name LIMIT ?2";

int
cacheadmin_start(struct cache *cache)
{
	cache_set_busy(cache, BUSY_MS);
	return cachedomain_start(cache);
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
	int found;

	cache_begin(cache);
	statement = cachedomain_prepare(cache, one_sql);
	if (statement == NULL)
		return -1;
	sqlite3_bind_text(statement, 1, key, (int)len, SQLITE_STATIC);
	found = cache_step(cache, statement);
	if (found == 1)
		read_row(statement, row);
	sqlite3_finalize(statement);
	return found;
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
		key[domain] = cachedomain_fold(key[domain]);
	}
	found = find_key(cache, key, len, row);
	if (found != 0)
		return found;
	for (size_t i = 0; i < domain; i++)
		key[i] = cachedomain_fold(key[i]);
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
	statement =
	    cachedomain_prepare_for(cache, *last == NULL ? first_sql : next_sql, domain);
	if (statement == NULL)
		return -1;
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
	statement = cachedomain_prepare_for(cache, top_sql, domain);
	if (statement == NULL)
		return -1;
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
