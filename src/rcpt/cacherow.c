#include "cacherow.h"

#include <string.h>

#include "base/checksum.h"

/*
 * The index gives the order in which rows are dropped (unknown and refused before known, oldest
 * first). Nothing is counted on the hot path: account_cache_count has one row, kept in the same
 * transaction as each insert and delete. No triggers for that: each process would parse them at
 * its start.
 */
const char cacherow_schema[] =
    "CREATE TABLE account_cache (address TEXT NOT NULL PRIMARY KEY, class TEXT NOT NULL,"
    " code INTEGER NOT NULL, enhanced TEXT NOT NULL, host TEXT NOT NULL, text TEXT NOT NULL,"
    " probed INTEGER NOT NULL, expires INTEGER NOT NULL, checksum INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX account_cache_order ON account_cache (class = 'exists', probed);"
    "CREATE TABLE account_cache_count (rows INTEGER NOT NULL);"
    "INSERT INTO account_cache_count (rows) VALUES (0);"
    "CREATE TABLE memory (subject TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL,"
    " count INTEGER NOT NULL, since INTEGER NOT NULL, tried INTEGER NOT NULL,"
    " until INTEGER NOT NULL, text TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version = 2;";

_Static_assert(CACHE_SCHEMA_VERSION == 2, "the user_version above must follow");

enum column { ADDRESS, CLASS, CODE, ENHANCED, HOST, TEXT, PROBED, EXPIRES, CHECKSUM };

static int64_t
row_checksum(const char *key, size_t key_len, const struct cache_entry *entry)
{
	const char *class = finding_name(entry->finding);
	uint64_t sum = checksum_add_number(CHECKSUM_START, CACHE_SCHEMA_VERSION);

	sum = checksum_add(sum, key, key_len);
	sum = checksum_add(sum, class, strlen(class));
	sum = checksum_add_number(sum, (uint64_t)entry->code);
	sum = checksum_add(sum, entry->enhanced, strlen(entry->enhanced));
	sum = checksum_add(sum, entry->host, strlen(entry->host));
	sum = checksum_add(sum, entry->text, strlen(entry->text));
	sum = checksum_add_number(sum, (uint64_t)entry->probed);
	sum = checksum_add_number(sum, (uint64_t)entry->expires);
	return (int64_t)sum; /* SQLite's integers are signed */
}

const char *
cacherow_refuse(size_t key_len, const struct cache_entry *entry)
{
	int least = entry->finding == FINDING_EXISTS ? 200 : 500;

	if (key_len == 0 || key_len > CACHE_KEY_MAX)
		return "no address of a length that is cached";
	if (!finding_is_verdict(entry->finding))
		return "no verdict about the address";
	if (entry->code < least || entry->code > least + 99)
		return "reply code that does not fit the class";
	if (memchr(entry->enhanced, '\0', sizeof(entry->enhanced)) == NULL ||
	    memchr(entry->host, '\0', sizeof(entry->host)) == NULL ||
	    memchr(entry->text, '\0', sizeof(entry->text)) == NULL)
		return "text that does not end";
	return NULL;
}

static int
bind_text(sqlite3_stmt *statement, enum column column, const char *text, size_t len)
{
	return sqlite3_bind_text(statement, (int)column + 1, text, (int)len, SQLITE_STATIC);
}

int
cacherow_bind(
    sqlite3_stmt *statement, const char *key, size_t key_len, const struct cache_entry *entry)
{
	const char *class = finding_name(entry->finding);
	int result = SQLITE_OK;

	result |= bind_text(statement, ADDRESS, key, key_len);
	result |= bind_text(statement, CLASS, class, strlen(class));
	result |= sqlite3_bind_int(statement, CODE + 1, entry->code);
	result |= bind_text(statement, ENHANCED, entry->enhanced, strlen(entry->enhanced));
	result |= bind_text(statement, HOST, entry->host, strlen(entry->host));
	result |= bind_text(statement, TEXT, entry->text, strlen(entry->text));
	result |= sqlite3_bind_int64(statement, PROBED + 1, entry->probed);
	result |= sqlite3_bind_int64(statement, EXPIRES + 1, entry->expires);
	result |=
	    sqlite3_bind_int64(statement, CHECKSUM + 1, row_checksum(key, key_len, entry));
	return result == SQLITE_OK ? SQLITE_OK : SQLITE_ERROR;
}

bool
cacherow_read_text(sqlite3_stmt *statement, int column, char *field, size_t size)
{
	const unsigned char *text;
	size_t len;

	if (sqlite3_column_type(statement, column) != SQLITE_TEXT)
		return false;
	text = sqlite3_column_text(statement, column);
	len = (size_t)sqlite3_column_bytes(statement, column);
	if (text == NULL || len >= size || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(field, text, len);
	field[len] = '\0';
	return true;
}

bool
cacherow_read_number(sqlite3_stmt *statement, int column, int64_t *number)
{
	if (sqlite3_column_type(statement, column) != SQLITE_INTEGER)
		return false;
	*number = sqlite3_column_int64(statement, column);
	return true;
}

const char *
cacherow_parse(sqlite3_stmt *statement, struct cache_entry *entry)
{
	const char *key, *refused;
	char class[16];
	size_t key_len;
	int64_t code, checksum;

	memset(entry, 0, sizeof(*entry));
	if (sqlite3_column_type(statement, ADDRESS) != SQLITE_TEXT)
		return "a row with a bad address";
	key = (const char *)sqlite3_column_text(statement, ADDRESS);
	key_len = (size_t)sqlite3_column_bytes(statement, ADDRESS);
	if (key == NULL)
		return "a row with a bad address";
	if (!cacherow_read_text(statement, CLASS, class, sizeof(class)) ||
	    !finding_parse(&entry->finding, class))
		return "a row with a bad class";
	if (!cacherow_read_number(statement, CODE, &code) || code < 0 || code > 999)
		return "a row with a bad code";
	entry->code = (int)code;
	if (!cacherow_read_text(
		statement, ENHANCED, entry->enhanced, sizeof(entry->enhanced)) ||
	    !cacherow_read_text(statement, HOST, entry->host, sizeof(entry->host)) ||
	    !cacherow_read_text(statement, TEXT, entry->text, sizeof(entry->text)))
		return "a row with a bad text";
	if (!cacherow_read_number(statement, PROBED, &entry->probed) ||
	    !cacherow_read_number(statement, EXPIRES, &entry->expires))
		return "a row with a bad time";
	refused = cacherow_refuse(key_len, entry);
	if (refused != NULL)
		return "a row that should never have been stored";
	if (!cacherow_read_number(statement, CHECKSUM, &checksum) ||
	    checksum != row_checksum(key, key_len, entry))
		return "a row with a wrong checksum";
	return NULL;
}
