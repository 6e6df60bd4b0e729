/*
 * Makes the records (record.h) of all that the source says.
 */
#ifndef DOOR_COMPILE_H
#define DOOR_COMPILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdbwriter.h"
#include "report.h"
#include "source.h"

struct compile_counts {
	uint32_t domains, aliases;
	uint32_t servers; /* that differ in address or port */
	uint64_t bytes;
};

struct compile_made;

struct compile {
	struct source *source;
	struct cdbwriter writer;
	struct compile_made *made;
};

/*
 * Writes the whole CDB to fd, which is open for reading and writing and empty, and syncs it: it is
 * started, users are added as they come, and finished.
 *
 * To finish it the source has no bad rows, names are resolved, source->global has its helo. limit
 * is CDBWRITER_LIMIT but in tests. Both return 0, or -1 with report->trouble. What was started is
 * finished, or given up with compile_abandon; fd stays open.
 */
int compile_start(struct compile *compile, struct source *source, int fd, uint64_t limit,
    struct report *report);
int compile_finish(struct compile *compile, int64_t built, struct report *report,
    struct compile_counts *counts);
void compile_abandon(struct compile *compile);

/* Adds a record "u" or "w" (users.h); context is the struct compile. */
int compile_user(void *context, const char *key, size_t len);

/* A checksum of everything in the source on which the contents of the CDB depend, but users. */
uint64_t compile_digest(const struct source *source);

/* The same counts without writing; bytes is 0. */
int compile_count(struct source *source, struct report *report, struct compile_counts *counts);

#endif
