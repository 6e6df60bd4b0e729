/*
 * A row of any types and bytes goes through the parser; what it takes for whole must come out
 * again when it is put under the same subject.
 *
 * Input: for each column one byte of type, one of length n, n bytes. A wrong checksum, which no
 * fuzzer would guess, is put right.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/cacherow.h"
#include "rcpt/memory.h"
#include "row.h"

enum { COLUMNS = 8 };

static const char given_sql[] = "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8";
static const char checksum_sql[] = "SELECT checksum FROM memory";

static struct cache cache; /* with nothing but its database, in memory */

static sqlite3_stmt *
prepare(const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (cache.db == NULL &&
	    (sqlite3_open(":memory:", &cache.db) != SQLITE_OK ||
		sqlite3_exec(cache.db, cacherow_schema, NULL, NULL, NULL) != SQLITE_OK))
		abort();
	if (sqlite3_prepare_v2(cache.db, sql, -1, &statement, NULL) != SQLITE_OK)
		abort();
	return statement;
}

/* Puts what was parsed, and gives the row the checksum that this made. */
static void
bind_right_checksum(sqlite3_stmt *statement, const char *subject, const struct memory *memory)
{
	sqlite3_stmt *made = prepare(checksum_sql);

	if (memory_put(&cache, subject, memory) == -1 || sqlite3_step(made) != SQLITE_ROW)
		abort();
	sqlite3_reset(statement);
	sqlite3_bind_value(statement, COLUMNS, sqlite3_column_value(made, 0));
	sqlite3_finalize(made);
	if (sqlite3_step(statement) != SQLITE_ROW)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sqlite3_stmt *statement = prepare(given_sql);
	struct memory memory, second;
	const char *damage;
	char subject[256] = "";
	size_t len;

	for (int column = 1; column <= COLUMNS; column++) {
		size_t used = bind_column(statement, column, data, size);

		data += used;
		size -= used;
	}
	if (sqlite3_step(statement) != SQLITE_ROW)
		abort();
	damage = memory_parse(statement, &memory);
	len = (size_t)sqlite3_column_bytes(statement, 0);
	if (len > 0)
		memcpy(subject, sqlite3_column_text(statement, 0), len);
	if (strlen(subject) == len && damage != NULL &&
	    strcmp(damage, "a memory with a wrong checksum") == 0) {
		bind_right_checksum(statement, subject, &memory);
		damage = memory_parse(statement, &second);
		if (damage != NULL || memcmp(&memory, &second, sizeof(memory)) != 0)
			abort();
	}
	if (strlen(subject) == len && damage == NULL &&
	    (memory_put(&cache, subject, &memory) == -1 ||
		memory_find(&cache, subject, &second) != 1 ||
		memcmp(&memory, &second, sizeof(memory)) != 0 ||
		memory_drop(&cache, subject) == -1 ||
		memory_find(&cache, subject, &second) != 0))
		abort();
	sqlite3_finalize(statement);
	return 0;
}
