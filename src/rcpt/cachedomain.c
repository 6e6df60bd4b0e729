#include "cachedomain.h"

char
cachedomain_fold(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

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
		name[i] = cachedomain_fold(address[start + i]);
	sqlite3_result_text(context, name, (int)len, SQLITE_TRANSIENT);
}

int
cachedomain_start(struct cache *cache)
{
	if (sqlite3_create_function(cache->db, "domain", 1,
		SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, domain_function,
		NULL, NULL) == SQLITE_OK)
		return 0;
	return cache_trouble(cache);
}

sqlite3_stmt *
cachedomain_prepare(struct cache *cache, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(cache->db, sql, -1, &statement, NULL) != SQLITE_OK)
		cache_trouble(cache);
	return statement;
}

sqlite3_stmt *
cachedomain_prepare_for(struct cache *cache, const char *sql, const char *domain)
{
	sqlite3_stmt *statement = cachedomain_prepare(cache, sql);

	if (statement != NULL && domain != NULL)
		sqlite3_bind_text(statement, 1, domain, -1, SQLITE_STATIC);
	return statement;
}
