#include "row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

static void
take_text(struct row_value *value, sqlite3_value *from)
{
	value->text = value->type == SQLITE_BLOB ? sqlite3_value_blob(from)
						 : (const char *)sqlite3_value_text(from);
	value->len = value->text == NULL ? 0 : (size_t)sqlite3_value_bytes(from);
}

void
row_fetch(struct row *row, uint64_t *digest)
{
	uint64_t sum = *digest;

	row->columns = sqlite3_column_count(row->stmt);
	row->rowid = sqlite3_column_int64(row->stmt, 0);
	row->bad = false;
	sum = checksum_add_number(sum, (uint64_t)row->rowid);
	for (int i = 1; i < row->columns; i++) {
		struct row_value *value = &row->values[i];
		/* Asked once for each value: SQLite checks and locks with each question. Only this
		   thread uses the database, so that the value is as good as a protected one. */
		sqlite3_value *from = sqlite3_column_value(row->stmt, i);

		/* The type first: asking for text may change it. */
		value->type = sqlite3_value_type(from);
		value->text = NULL;
		value->len = 0;
		sum = checksum_add_number(sum, (uint64_t)value->type);
		switch (value->type) {
		case SQLITE_NULL:
			break;
		case SQLITE_INTEGER:
			value->number = sqlite3_value_int64(from);
			sum = checksum_add_number(sum, (uint64_t)value->number);
			break;
		default:
			take_text(value, from);
			sum = checksum_add(sum, value->text, value->len);
		}
	}
	*digest = sum;
}

static void
complain(struct row *row, enum report_kind kind, int column, const char *reason)
{
	const struct row_value *value = &row->values[column];
	const char *text;

	if (value->type == SQLITE_INTEGER)
		take_text(&row->values[column], sqlite3_column_value(row->stmt, column));
	text = value->text;
	if (text == NULL && value->type != SQLITE_NULL)
		text = "";
	report_row(row->report, kind, row->table, row->rowid,
	    sqlite3_column_name(row->stmt, column), text, value->len, reason);
}

void
row_bad(struct row *row, int column, const char *reason)
{
	/* One line for each bad row: the first thing that is wrong with it. */
	if (!row->bad)
		complain(row, REPORT_BAD, column, reason);
	row->bad = true;
}

void
row_warn(struct row *row, int column, const char *reason)
{
	complain(row, REPORT_WARNING, column, reason);
}

bool
row_is_empty(const struct row *row, int column)
{
	const struct row_value *value = &row->values[column];

	return value->type == SQLITE_NULL || (value->type == SQLITE_TEXT && value->len == 0);
}

bool
row_is_text(struct row *row, int column)
{
	const struct row_value *value = &row->values[column];

	if (value->type == SQLITE_INTEGER)
		take_text(&row->values[column], sqlite3_column_value(row->stmt, column));
	if (row_is_empty(row, column))
		row_bad(row, column, "is empty");
	else if (value->type == SQLITE_BLOB)
		row_bad(row, column, "is a blob, must be text");
	else if (value->type == SQLITE_FLOAT)
		row_bad(row, column, "is a floating point number, must be text");
	else if (value->text == NULL)
		row_bad(row, column, "cannot be read as text");
	else if (memchr(value->text, '\0', value->len) != NULL)
		row_bad(row, column, "has a NUL byte in it");
	else
		return true;
	return false;
}

bool
row_number(const struct row *row, int column, int64_t *number)
{
	const struct row_value *value = &row->values[column];
	const char *text = value->text;
	char *end;

	if (value->type == SQLITE_INTEGER) {
		*number = value->number;
		return true;
	}
	if (value->type != SQLITE_TEXT || text == NULL)
		return false;
	/* strtoll takes blanks in front; we don't. */
	if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
		return false;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno == 0 && end == text + value->len && end[-1] != '-';
}

bool
row_port(struct row *row, int column, uint32_t *port, uint32_t otherwise)
{
	int64_t number;

	if (row_is_empty(row, column)) {
		*port = otherwise;
	} else if (row_number(row, column, &number) && number >= 1 && number <= 65535) {
		*port = (uint32_t)number;
	} else {
		row_bad(row, column, "must be a port from 1 to 65535, or NULL");
		return false;
	}
	return true;
}
