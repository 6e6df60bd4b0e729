/*
 * A constant database (cr.yp.to/cdb/cdb.txt) that can prove what it says, a miss too.
 *
 * Any cdb tool reads the file. We add:
 *
 *	- to each value, behind it, eight bytes: the checksum (checksum.h) of key and value;
 *	- one record of our own, the first, of which the key is CDBFILE_MARK and the value is laid
 *	  out below; it is found at offset 2048 without a look-up, in the same read as the table of
 *	  contents;
 *	- behind the last hash table, eight bytes for each CDBFILE_BLOCK bytes of the hash tables:
 *	  the checksum of that block.
 *
 * Value of the mark, numbers with the low byte first:
 *	8 bytes		"rcptcdb" and the version, CDBFILE_VERSION
 *	8 bytes		size of the whole file
 *	8 bytes		offset of the hash tables
 *	8 bytes		offset of the block checksums (the end of the hash tables)
 *	8 bytes		checksum of the 2048 bytes of contents
 *	8 bytes		time of the build, seconds since 1970
 *	4 bytes		for the user of the file (rcptcheck.cdb: enum settings_log and three zeros)
 *	8 bytes		checksum of all these (the checksum any record has)
 *
 * The file is read with pread, never mapped: a look-up needs four short reads, which cost less
 * than the page faults of a map, work under any memory limit, and a file that shrinks under
 * the reader is an error and no signal.
 */
#ifndef BASE_CDBFILE_H
#define BASE_CDBFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CDBFILE_VERSION   1
#define CDBFILE_CONTENTS  2048 /* bytes before the first record */
#define CDBFILE_BLOCK     512
#define CDBFILE_MARK      "rcptcheck"
#define CDBFILE_MARK_LEN  9
#define CDBFILE_VALUE_LEN 52 /* of the mark, without its checksum */
#define CDBFILE_HEAD      (CDBFILE_CONTENTS + 8 + CDBFILE_MARK_LEN + CDBFILE_VALUE_LEN + 8)
#define CDBFILE_NOTE      4
#define CDBFILE_KEY_MAX   1024
#define CDBFILE_VALUE_MAX 4096 /* without its checksum */

struct cdbfile {
	int fd;
	uint64_t size, tables, blocks; /* offsets, proven to lie in this order in the file */
	uint64_t contents_checksum;
	int64_t built; /* seconds since 1970 */
	unsigned char note[CDBFILE_NOTE];
	dev_t device; /* of the open file, to see that another has taken its name */
	ino_t inode;
	unsigned char head[CDBFILE_HEAD];
};

/*
 * Opens the file and proves its head. Returns 0, or -1 with errno: EPROTO for a file that is
 * cut, damaged, of another version or no such file at all (cdbfile_reason tells), else that of
 * the system.
 */
int cdbfile_open(struct cdbfile *file, const char *path);

/* The same for a path that begins at the folder, as openat(2) has it. */
int cdbfile_open_at(struct cdbfile *file, int folder, const char *path);

/* A constant text for what the last call on this file that failed with EPROTO found. */
const char *cdbfile_reason(void);

/*
 * Looks a key up. Returns 1 with up to size bytes of the value in value and its length in len;
 * 0 when it is proven that no such key is in the file; -1 with errno: EPROTO for damage,
 * EMSGSIZE for a value longer than size, or that of the system.
 */
int cdbfile_find(struct cdbfile *file, const void *key, size_t key_len, void *value,
    size_t size, size_t *len);

void cdbfile_close(struct cdbfile *file);

/*
 * The parts of which a look-up is made, for who wants to see the whole file (cdbwalk.h). All
 * return 0, or -1 with errno as above.
 */

struct cdbfile_record {
	const unsigned char *key, *value; /* in bytes */
	size_t key_len, len;
	uint64_t end; /* offset of what lies behind it */
	unsigned char bytes[8 + CDBFILE_KEY_MAX + CDBFILE_VALUE_MAX + 8];
};

/* Reads the record at the offset and proves its checksum. */
int cdbfile_read_record(
    const struct cdbfile *file, uint64_t offset, struct cdbfile_record *record);

/*
 * The same where there bytes of it, 8 at least, are in record->bytes. Returns 1 when there are not
 * enough, with the end: then all up to there are wanted.
 */
int cdbfile_prove_record(
    const struct cdbfile *file, uint64_t offset, uint64_t there, struct cdbfile_record *record);

/* Bytes of the file that lie in it. */
int cdbfile_read_bytes(const struct cdbfile *file, void *bytes, size_t len, uint64_t offset);

/* A block of the hash tables. */
struct cdbfile_block {
	uint64_t start;
	size_t size;
	unsigned char bytes[CDBFILE_BLOCK];
};

/* Reads the block that holds the offset, which lies inside the tables; then proves it. */
int cdbfile_read_block(
    const struct cdbfile *file, struct cdbfile_block *block, uint64_t offset);
int cdbfile_prove_block(const struct cdbfile *file, const struct cdbfile_block *block);

/* Proves the table of contents, which was read with the head. */
int cdbfile_prove_contents(const struct cdbfile *file);

#endif
