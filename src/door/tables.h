/*
 * Reads the tables of rcptcheck.db, row by row, and says of each row whether it makes sense by
 * itself. What only shows when all rows are known is judge.h's.
 */
#ifndef DOOR_TABLES_H
#define DOOR_TABLES_H

#include <sqlite3.h>

#include "report.h"
#include "source.h"

/*
 * Adds all good rows to the source and all bad ones to the report. Returns 0, bad rows or not,
 * or -1 with report->trouble.
 */
int tables_load(struct source *source, sqlite3 *db, struct report *report);

#endif
