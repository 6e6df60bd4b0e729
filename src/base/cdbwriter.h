/*
 * Writes the files that cdbfile.h describes, with tinycdb.
 */
#ifndef BASE_CDBWRITER_H
#define BASE_CDBWRITER_H

#include <cdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdbfile.h"

struct cdbwriter {
	int fd;
	struct cdb_make make;
	uint64_t records;
	uint64_t used, limit; /* bytes of the file when it is finished; what it may have */
	bool finished;
};

/* The offsets of a cdb are 32 bits wide. */
#define CDBWRITER_LIMIT UINT32_MAX

/* Starts a file on fd (open for reading and writing, empty). Returns 0, or -1 with errno. */
int cdbwriter_start(struct cdbwriter *writer, int fd, uint64_t limit);

/* Adds a record; the key must be new. Returns 0, or -1 with errno: EFBIG at the limit. */
int cdbwriter_add(
    struct cdbwriter *writer, const void *key, size_t key_len, const void *value, size_t len);

/*
 * The same without a checksum behind the value, for readers of cdb that are not ours (Postfix).
 * cdbfile_find has such a record for damaged, and so has cdbwalk.
 */
int cdbwriter_add_plain(
    struct cdbwriter *writer, const void *key, size_t key_len, const void *value, size_t len);

/*
 * Writes the hash tables, the checksums and the mark, and syncs the file. fd stays open.
 * Returns 0, or -1 with errno. After a failure of any call only cdbwriter_abandon is left.
 */
int cdbwriter_finish(
    struct cdbwriter *writer, int64_t built, const unsigned char note[CDBFILE_NOTE]);

/*
 * Frees what the writer holds; errno stays. The descriptor and the half-written file are the
 * caller's.
 */
void cdbwriter_abandon(struct cdbwriter *writer);

#endif
