/*
 * What rcptbuild has to say about the rows it read: all bad rows, all warnings, and a checksum
 * by which the next run knows whether it has said the same before.
 */
#ifndef DOOR_REPORT_H
#define DOOR_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/line.h"

#define REPORT_LINES 1000 /* of each kind are kept; the rest is only counted */

enum report_kind { REPORT_BAD, REPORT_WARNING };

struct report_list {
	char *text;
	size_t len, room;
	size_t count;
};

struct report {
	struct report_list lists[2]; /* by enum report_kind */
	uint64_t digest;             /* of all lines; 0 when there are none */
	char
	    trouble[LINE_SIZE]; /* what failed, when a function that has a report returned -1 */
};

/* Starts empty with {0}. */

void report_add(struct report *report, enum report_kind kind, const char *text);

/*
 * The same, where the text has details that differ from run to run: by its identity it is known
 * whether it was said before.
 */
void report_add_as(
    struct report *report, enum report_kind kind, const char *text, const char *identity);

/* "TABLE: rowid ROWID: COLUMN: 'VALUE': reason"; a value of NULL is shown as NULL. */
void report_row(struct report *report, enum report_kind kind, const char *table, int64_t rowid,
    const char *column, const char *value, size_t len, const char *reason);

/* Notes why the whole run fails (the text is cut and made printable). Returns -1. */
int report_trouble(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the bad rows, then the warnings, each line with the program's name in front. */
void report_print(const struct report *report, FILE *out);

void report_free(struct report *report);

#endif
