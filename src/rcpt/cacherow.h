/*
 * A row of the verdict cache: its schema, and the one pair of functions that makes and parses
 * it. cache.h says what the columns mean.
 */
#ifndef RCPT_CACHEROW_H
#define RCPT_CACHEROW_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache.h"

/* The columns in the order in which they are bound and read. */
#define CACHEROW_COLUMNS "address, class, code, enhanced, host, text, probed, expires, checksum"

/* The tables of an empty cache and its user_version, as statements. */
extern const char cacherow_schema[];

/* NULL for an entry that may be stored under this key, else why not. */
const char *cacherow_refuse(size_t key_len, const struct cache_entry *entry);

/*
 * Binds an entry that is not refused to parameters 1 to 9. Key and entry are not copied: they
 * must stay until the statement is reset. Returns SQLITE_OK or an error of SQLite.
 */
int cacherow_bind(
    sqlite3_stmt *statement, const char *key, size_t key_len, const struct cache_entry *entry);

/* Reads columns 0 to 8. Returns NULL with the entry, or what is damaged, a constant text. */
const char *cacherow_parse(sqlite3_stmt *statement, struct cache_entry *entry);

/*
 * Read a column of a row: a text that fits into a field of size bytes, a number. Return false
 * when it is of another type, or does not fit.
 */
bool cacherow_read_text(sqlite3_stmt *statement, int column, char *field, size_t size);
bool cacherow_read_number(sqlite3_stmt *statement, int column, int64_t *number);

#endif
