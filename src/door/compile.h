/*
 * Makes the records (record.h) of all that the source says.
 */
#ifndef DOOR_COMPILE_H
#define DOOR_COMPILE_H

#include <stdint.h>

#include "report.h"
#include "source.h"

struct compile_counts {
	uint32_t domains, aliases;
	uint32_t servers; /* that differ in address or port */
	uint64_t bytes;
};

/*
 * Writes the whole CDB to fd, which is open for reading and writing and empty, and syncs it.
 * The source has no bad rows, names are resolved, source->global has its helo. limit is
 * CDBWRITER_LIMIT but in tests. Returns 0, or -1 with report->trouble.
 */
int compile_write(struct source *source, int fd, int64_t built, uint64_t limit,
    struct report *report, struct compile_counts *counts);

/* A checksum of everything in the source on which the contents of the CDB depend. */
uint64_t compile_digest(const struct source *source);

/* The same counts without writing; bytes is 0. */
int compile_count(struct source *source, struct report *report, struct compile_counts *counts);

#endif
