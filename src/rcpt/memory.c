#include "memory.h"

#include <string.h>

#include "base/checksum.h"
#include "cacherow.h"

enum column { SUBJECT, STATE, COUNT, SINCE, TRIED, UNTIL, TEXT, CHECKSUM };

static const char find_sql[] = "SELECT " MEMORY_COLUMNS " FROM memory WHERE subject = ?1";
static const char put_sql[] =
    "REPLACE INTO memory (" MEMORY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char drop_sql[] = "DELETE FROM memory WHERE subject = ?1";

static int64_t
row_checksum(const char *subject, size_t len, const struct memory *memory)
{
	uint64_t sum = checksum_add_number(CHECKSUM_START, CACHE_SCHEMA_VERSION);

	sum = checksum_add(sum, subject, len);
	sum = checksum_add(sum, memory->state, strlen(memory->state));
	sum = checksum_add_number(sum, (uint64_t)memory->count);
	sum = checksum_add_number(sum, (uint64_t)memory->since);
	sum = checksum_add_number(sum, (uint64_t)memory->tried);
	sum = checksum_add_number(sum, (uint64_t)memory->until);
	sum = checksum_add(sum, memory->text, strlen(memory->text));
	return (int64_t)sum; /* SQLite's integers are signed */
}

const char *
memory_parse(sqlite3_stmt *statement, struct memory *memory)
{
	const char *subject;
	int64_t checksum;

	memset(memory, 0, sizeof(*memory));
	if (sqlite3_column_type(statement, SUBJECT) != SQLITE_TEXT)
		return "a memory of nothing";
	subject = (const char *)sqlite3_column_text(statement, SUBJECT);
	if (subject == NULL ||
	    !cacherow_read_text(statement, STATE, memory->state, sizeof(memory->state)) ||
	    !cacherow_read_text(statement, TEXT, memory->text, sizeof(memory->text)) ||
	    !cacherow_read_number(statement, COUNT, &memory->count) ||
	    !cacherow_read_number(statement, SINCE, &memory->since) ||
	    !cacherow_read_number(statement, TRIED, &memory->tried) ||
	    !cacherow_read_number(statement, UNTIL, &memory->until) ||
	    !cacherow_read_number(statement, CHECKSUM, &checksum))
		return "a memory that is none";
	if (checksum !=
	    row_checksum(subject, (size_t)sqlite3_column_bytes(statement, SUBJECT), memory))
		return "a memory with a wrong checksum";
	return NULL;
}

/* A statement about the subject. NULL with the reason in cache when it cannot be. */
static sqlite3_stmt *
prepare(struct cache *cache, const char *sql, const char *subject)
{
	sqlite3_stmt *statement = cache_statement(cache, sql);

	if (statement != NULL)
		sqlite3_bind_text(statement, 1, subject, -1, SQLITE_STATIC);
	return statement;
}

int
memory_find(struct cache *cache, const char *subject, struct memory *memory)
{
	sqlite3_stmt *statement;
	int found;

	if (cache->db == NULL)
		return -1;
	cache_begin(cache);
	statement = prepare(cache, find_sql, subject);
	if (statement == NULL)
		return -1;
	found = cache_step(cache, statement);
	if (found == 1)
		found = cache_row(cache, memory_parse(statement, memory));
	cache_release(statement);
	return found;
}

int
memory_take(struct cache *cache, const char *subject, struct memory *memory)
{
	int found = memory_find(cache, subject, memory);

	if (found == 1)
		return 1;
	memset(memory, 0, sizeof(*memory));
	return found == -1 && !cache->bad_row ? -1 : 0;
}

/* Runs and ends a statement that returns no rows. */
static int
finish(struct cache *cache, sqlite3_stmt *statement)
{
	int result = cache_step(cache, statement);

	cache_release(statement);
	return result;
}

int
memory_put(struct cache *cache, const char *subject, const struct memory *memory)
{
	sqlite3_stmt *statement = prepare(cache, put_sql, subject);

	if (statement == NULL)
		return -1;
	sqlite3_bind_text(statement, STATE + 1, memory->state, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, COUNT + 1, memory->count);
	sqlite3_bind_int64(statement, SINCE + 1, memory->since);
	sqlite3_bind_int64(statement, TRIED + 1, memory->tried);
	sqlite3_bind_int64(statement, UNTIL + 1, memory->until);
	sqlite3_bind_text(statement, TEXT + 1, memory->text, -1, SQLITE_STATIC);
	sqlite3_bind_int64(
	    statement, CHECKSUM + 1, row_checksum(subject, strlen(subject), memory));
	return finish(cache, statement);
}

int
memory_drop(struct cache *cache, const char *subject)
{
	sqlite3_stmt *statement = prepare(cache, drop_sql, subject);

	return statement == NULL ? -1 : finish(cache, statement);
}
