#include "cdbwriter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checksum.h"
#include "number.h"

#define CHECKSUM_LEN 8
#define SLOTS_LEN    16 /* two slots a record, of eight bytes */
#define HEADER_LEN   8  /* two lengths in front of a record */

/*
 * What a record adds to the finished file: itself, its slots, and their share of a block
 * checksum.
 */
static uint64_t
cost(size_t key_len, size_t len)
{
	return HEADER_LEN + key_len + len + CHECKSUM_LEN + SLOTS_LEN + 1;
}

/* May this be added, and is there still room for it? */
static int
check(const struct cdbwriter *writer, size_t key_len, size_t len)
{
	if (key_len == 0 || key_len > CDBFILE_KEY_MAX || len > CDBFILE_VALUE_MAX)
		errno = EINVAL;
	else if (writer->used + cost(key_len, len) > writer->limit)
		errno = EFBIG;
	else
		return 0;
	return -1;
}

static int
add(struct cdbwriter *writer, const void *key, size_t key_len, const unsigned char *value,
    size_t len)
{
	if (cdb_make_add(&writer->make, key, (unsigned)key_len, value, (unsigned)len) != 0)
		return -1;
	writer->records++;
	return 0;
}

int
cdbwriter_start(struct cdbwriter *writer, int fd, uint64_t limit)
{
	static const unsigned char blank[CDBFILE_VALUE_LEN + CHECKSUM_LEN];

	memset(writer, 0, sizeof(*writer));
	writer->fd = fd;
	writer->limit = limit;
	writer->used =
	    CDBFILE_CONTENTS + CDBFILE_BLOCK + cost(CDBFILE_MARK_LEN, CDBFILE_VALUE_LEN);
	if (cdb_make_start(&writer->make, fd) != 0)
		return -1;
	/* The mark is filled in by cdbwriter_finish; until then the file proves nothing. */
	return add(writer, CDBFILE_MARK, CDBFILE_MARK_LEN, blank, sizeof(blank));
}

int
cdbwriter_add(
    struct cdbwriter *writer, const void *key, size_t key_len, const void *value, size_t len)
{
	unsigned char bytes[CDBFILE_VALUE_MAX + CHECKSUM_LEN];
	uint64_t sum;

	if (check(writer, key_len, len) == -1)
		return -1;
	sum = checksum_add(CHECKSUM_START, key, key_len);
	sum = checksum_add(sum, value, len);
	memcpy(bytes, value, len);
	number_put64(bytes + len, sum);
	if (add(writer, key, key_len, bytes, len + CHECKSUM_LEN) == -1)
		return -1;
	writer->used += cost(key_len, len);
	return 0;
}

int
cdbwriter_add_plain(
    struct cdbwriter *writer, const void *key, size_t key_len, const void *value, size_t len)
{
	if (check(writer, key_len, len) == -1 || add(writer, key, key_len, value, len) == -1)
		return -1;
	writer->used += cost(key_len, len);
	return 0;
}

/* Reads or writes all of it. */
static int
move_at(int fd, void *bytes, size_t len, uint64_t offset, bool writing)
{
	unsigned char *p = bytes;

	while (len > 0) {
		ssize_t n = writing ? pwrite(fd, p, len, (off_t)offset)
				    : pread(fd, p, len, (off_t)offset);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_at(int fd, void *bytes, size_t len, uint64_t offset)
{
	return move_at(fd, bytes, len, offset, true);
}

static int
read_at(int fd, void *bytes, size_t len, uint64_t offset)
{
	return move_at(fd, bytes, len, offset, false);
}

/* Reads the hash tables back, a stretch at a time, and writes the checksums of their blocks. */
static int
write_block_checksums(int fd, uint64_t tables, uint64_t blocks)
{
	enum { STRETCH = 128 };
	unsigned char *bytes = malloc(STRETCH * CDBFILE_BLOCK), sums[STRETCH * CHECKSUM_LEN];
	uint64_t out = blocks;
	int result = -1;

	if (bytes == NULL)
		return -1;
	for (uint64_t at = tables; at < blocks;) {
		size_t len = STRETCH * CDBFILE_BLOCK, count = 0;

		if (blocks - at < len)
			len = (size_t)(blocks - at);
		if (read_at(fd, bytes, len, at) == -1)
			goto done;
		for (size_t i = 0; i < len; i += CDBFILE_BLOCK, count++) {
			size_t size = len - i < CDBFILE_BLOCK ? len - i : CDBFILE_BLOCK;

			number_put64(sums + count * CHECKSUM_LEN,
			    checksum_add(CHECKSUM_START, bytes + i, size));
		}
		if (write_at(fd, sums, count * CHECKSUM_LEN, out) == -1)
			goto done;
		out += count * CHECKSUM_LEN;
		at += len;
	}
	result = 0;
done:
	free(bytes);
	return result;
}

static int
write_mark(struct cdbwriter *writer, uint64_t tables, uint64_t blocks, int64_t built,
    const unsigned char note[CDBFILE_NOTE])
{
	unsigned char contents[CDBFILE_CONTENTS], value[CDBFILE_VALUE_LEN + CHECKSUM_LEN];
	uint64_t size =
	    blocks + (blocks - tables + CDBFILE_BLOCK - 1) / CDBFILE_BLOCK * CHECKSUM_LEN;
	uint64_t sum;

	if (read_at(writer->fd, contents, sizeof(contents), 0) == -1)
		return -1;
	memcpy(value, "rcptcdb", 7);
	value[7] = CDBFILE_VERSION;
	number_put64(value + 8, size);
	number_put64(value + 16, tables);
	number_put64(value + 24, blocks);
	number_put64(value + 32, checksum_add(CHECKSUM_START, contents, sizeof(contents)));
	number_put64(value + 40, (uint64_t)built);
	memcpy(value + 48, note, CDBFILE_NOTE);
	sum = checksum_add(CHECKSUM_START, CDBFILE_MARK, CDBFILE_MARK_LEN);
	sum = checksum_add(sum, value, CDBFILE_VALUE_LEN);
	number_put64(value + CDBFILE_VALUE_LEN, sum);
	return write_at(
	    writer->fd, value, sizeof(value), CDBFILE_CONTENTS + HEADER_LEN + CDBFILE_MARK_LEN);
}

int
cdbwriter_finish(
    struct cdbwriter *writer, int64_t built, const unsigned char note[CDBFILE_NOTE])
{
	uint64_t tables = writer->make.cdb_dpos;
	uint64_t blocks = tables + writer->records * SLOTS_LEN;

	writer->finished = true;
	if (cdb_make_finish(&writer->make) != 0)
		return -1;
	if (write_block_checksums(writer->fd, tables, blocks) == -1)
		return -1;
	if (write_mark(writer, tables, blocks, built, note) == -1)
		return -1;
	return fsync(writer->fd);
}

void
cdbwriter_abandon(struct cdbwriter *writer)
{
	int error = errno;

	if (writer->finished)
		return;
	/*
	 * tinycdb frees its lists in cdb_make_finish alone; let it fail on a closed
	 * descriptor.
	 */
	writer->finished = true;
	writer->make.cdb_fd = -1;
	(void)cdb_make_finish(&writer->make);
	errno = error;
}
