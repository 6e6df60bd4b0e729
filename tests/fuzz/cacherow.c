/*
 * A row of any types and bytes goes through the parser; what it takes for whole must come out
 * of the maker as the same row.
 *
 * Input: for each column one byte of type, one of length n, n bytes. A wrong checksum, which no
 * fuzzer would guess, is put right.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/cacherow.h"
#include "row.h"

static const char sql[] = "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9";

static sqlite3 *
database(void)
{
	static sqlite3 *db;

	if (db == NULL)
		sqlite3_open(":memory:", &db);
	return db;
}

static sqlite3_stmt *
prepare(void)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(database(), sql, sizeof(sql), &statement, NULL) != SQLITE_OK)
		abort();
	return statement;
}

/* Puts the checksum right, as the maker makes it for the row that is bound. */
static void
bind_right_checksum(
    sqlite3_stmt *statement, const char *key, size_t len, const struct cache_entry *entry)
{
	sqlite3_stmt *made = prepare();

	if (cacherow_bind(made, key, len, entry) != SQLITE_OK ||
	    sqlite3_step(made) != SQLITE_ROW)
		abort();
	sqlite3_reset(statement);
	sqlite3_bind_value(statement, 9, sqlite3_column_value(made, 8));
	sqlite3_finalize(made);
	if (sqlite3_step(statement) != SQLITE_ROW)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sqlite3_stmt *statement = prepare();
	struct cache_entry entry, second;
	const char *damage;
	char key[CACHE_KEY_MAX];
	size_t len;

	for (int column = 1; column <= 9; column++) {
		size_t used = bind_column(statement, column, data, size);

		data += used;
		size -= used;
	}
	if (sqlite3_step(statement) != SQLITE_ROW)
		abort();
	damage = cacherow_parse(statement, &entry);
	if (damage != NULL && strcmp(damage, "a row with a wrong checksum") == 0) {
		len = (size_t)sqlite3_column_bytes(statement, 0);
		memcpy(key, sqlite3_column_text(statement, 0), len);
		bind_right_checksum(statement, key, len, &entry);
		damage = cacherow_parse(statement, &entry);
		if (damage != NULL)
			abort();
	}
	if (damage == NULL) {
		sqlite3_stmt *again = prepare();

		len = (size_t)sqlite3_column_bytes(statement, 0);
		memcpy(key, sqlite3_column_text(statement, 0), len);
		if (cacherow_refuse(len, &entry) != NULL)
			abort();
		if (cacherow_bind(again, key, len, &entry) != SQLITE_OK ||
		    sqlite3_step(again) != SQLITE_ROW ||
		    cacherow_parse(again, &second) != NULL ||
		    memcmp(&entry, &second, sizeof(entry)) != 0)
			abort();
		for (int column = 0; column < 9; column++) {
			if (sqlite3_column_type(statement, column) !=
				sqlite3_column_type(again, column) ||
			    sqlite3_column_bytes(statement, column) !=
				sqlite3_column_bytes(again, column))
				abort();
		}
		sqlite3_finalize(again);
	}
	sqlite3_finalize(statement);
	return 0;
}
