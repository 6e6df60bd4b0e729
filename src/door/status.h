/*
 * What rcptstatus has found, and how it says so: a first line for monitoring, the rest for
 * people, worst first and on one screen.
 */
#ifndef DOOR_STATUS_H
#define DOOR_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

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
	struct status_list
	    of[STATUS_UNKNOWN + 1];    /* by level; STATUS_OK: facts, one line each */
	char summary[STATUS_TEXT + 1]; /* the first line where there is no problem */
};

/* Adds a problem, or with STATUS_OK a fact. A bar becomes a slash. */
void status_add(struct status *status, enum status_level level, const struct line *text);

/* The same for a text of our own. */
void status_add_text(struct status *status, enum status_level level, const char *text);

/* Adds a time for people, "2026-11-21 10:32"; "-" for one that cannot be meant. */
void status_add_time(struct line *line, int64_t when);

/* Adds the name of a user, or his number where he has none. */
void status_add_user(struct line *line, uid_t user);

/* Adds "1 server" or "2 servers". */
void status_add_count(struct line *line, int64_t count, const char *one, const char *many);

/* How many more facts fit on the screen beside the problems that there are. */
size_t status_room(const struct status *status);

/* The worst level of all problems: critical, unknown, warning, ok. */
enum status_level status_level(const struct status *status);

void status_print(const struct status *status, FILE *out);

#endif
