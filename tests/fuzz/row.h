/*
 * What the fuzz targets of database rows share: a column of any type and bytes. Input: one byte
 * of type, one of length n, n bytes.
 */
#ifndef FUZZ_ROW_H
#define FUZZ_ROW_H

#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

/* Binds a column; returns how much of the input it took. */
static inline size_t
bind_column(sqlite3_stmt *statement, int column, const uint8_t *data, size_t size)
{
	size_t len = size >= 2 ? data[1] : 0;
	sqlite3_int64 number = 0;

	if (size < 2)
		return size;
	data += 2;
	if (len > size - 2)
		len = size - 2;
	memcpy(&number, data, len < 8 ? len : 8);
	switch (data[-2] % 5) {
	case 0:
		break; /* NULL */
	case 1:
		sqlite3_bind_int64(statement, column, number);
		break;
	case 2:
		sqlite3_bind_double(statement, column, (double)number / 3);
		break;
	case 3:
		sqlite3_bind_blob(statement, column, data, (int)len, SQLITE_TRANSIENT);
		break;
	default:
		sqlite3_bind_text(
		    statement, column, (const char *)data, (int)len, SQLITE_TRANSIENT);
	}
	return len + 2;
}

#endif
