/*
 * One row of a table while it is read: its values with the types they really have (SQLite keeps
 * any type in any column), and how to complain about them.
 */
#ifndef DOOR_ROW_H
#define DOOR_ROW_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

#define ROW_COLUMNS 8

struct row {
	const char *table;
	sqlite3_stmt *stmt; /* SELECT rowid, ...: column 0 is the rowid, ours begin at 1 */
	struct report *report;
	int64_t rowid;
	bool bad; /* something was found */
	int columns;
	struct row_value {
		int type;       /* SQLITE_INTEGER, ... */
		int64_t number; /* of an integer; that has no text until row_is_text */
		const char *text;
		size_t len;
	} values[ROW_COLUMNS];
};

/*
 * Fetches the row on which stmt stands and adds it to the digest. The texts are good until the
 * next step.
 */
void row_fetch(struct row *row, uint64_t *digest);

/* Complains: the row is bad. row_warn: it is odd. */
void row_bad(struct row *row, int column, const char *reason);
void row_warn(struct row *row, int column, const char *reason);

/* Is the value NULL or ''? */
bool row_is_empty(const struct row *row, int column);

/* The value is text or a whole number, not empty and without NUL bytes; else complains. */
bool row_is_text(struct row *row, int column);

/* A whole number, a text of digits too. Returns false when it is none: does not complain. */
bool row_number(const struct row *row, int column, int64_t *number);

/* A port: 1 to 65535, empty is what is given by default; else complains. */
bool row_port(struct row *row, int column, uint32_t *port, uint32_t otherwise);

#endif
