/*
 * What rcptstatus has found, and how it says so: a first line for monitoring, the rest for
 * people, worst first and on one screen.
 */
#ifndef DOOR_STATUS_H
#define DOOR_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/line.h"

#define STATUS_TEXT  320
#define STATUS_TEXTS 24 /* of each level are kept; the rest is only counted */

/* These are the exit codes that monitoring takes. */
enum status_level { STATUS_OK, STATUS_WARNING, STATUS_CRITICAL, STATUS_UNKNOWN };

struct status_list {
	size_t count;
	char texts[STATUS_TEXTS][STATUS_TEXT + 1];
};

/* Starts empty with {0}. */
struct status {
	struct status_list facts; /* one line each */
	struct status_list warnings, criticals;
};

/* Adds a problem, or with STATUS_OK a fact. */
void status_add(struct status *status, enum status_level level, const struct line *text);

/* The same for a text of our own. */
void status_add_text(struct status *status, enum status_level level, const char *text);

/* Adds a time for people, "2026-11-21 10:32". */
void status_add_time(struct line *line, int64_t when);

/* The worst level of all problems. */
enum status_level status_level(const struct status *status);

/* Prints it; summary is the first line where there is no problem. */
void status_print(const struct status *status, const char *summary, FILE *out);

#endif
