#include "cdbfile.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "number.h"

#define MARK_CHECKSUM_LEN 8

static const unsigned char magic[8] = {'r', 'c', 'p', 't', 'c', 'd', 'b', CDBFILE_VERSION};

static const char *reason = "";

const char *
cdbfile_reason(void)
{
	return reason;
}

static int
damaged(const char *what)
{
	reason = what;
	errno = EPROTO;
	return -1;
}

/* Reads exactly len bytes at the offset, which the caller has proven to lie in the file. */
static int
read_at(const struct cdbfile *file, void *bytes, size_t len, uint64_t offset)
{
	unsigned char *p = bytes;

	while (len > 0) {
		ssize_t n = pread(file->fd, p, len, (off_t)offset);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			return damaged("the file became shorter while it was read");
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int
prove_head(struct cdbfile *file, const struct stat *st)
{
	const unsigned char *mark = file->head + CDBFILE_CONTENTS;
	const unsigned char *value = mark + 8 + CDBFILE_MARK_LEN;
	uint64_t sum;

	if (cdb_unpack(mark) != CDBFILE_MARK_LEN ||
	    cdb_unpack(mark + 4) != CDBFILE_VALUE_LEN + MARK_CHECKSUM_LEN ||
	    memcmp(mark + 8, CDBFILE_MARK, CDBFILE_MARK_LEN) != 0 ||
	    memcmp(value, magic, sizeof(magic) - 1) != 0)
		return damaged("not a file that rcptbuild wrote");
	if (value[sizeof(magic) - 1] != CDBFILE_VERSION)
		return damaged("written by another version of rcptbuild: run rcptbuild");
	sum = checksum_add_number(CHECKSUM_START, CDBFILE_MARK_LEN);
	sum = checksum_add(sum, mark + 8, CDBFILE_MARK_LEN + CDBFILE_VALUE_LEN);
	if (sum != number_get64(value + CDBFILE_VALUE_LEN))
		return damaged("damaged: its mark has a wrong checksum");
	file->size = number_get64(value + 8);
	file->tables = number_get64(value + 16);
	file->blocks = number_get64(value + 24);
	file->contents_checksum = number_get64(value + 32);
	file->built = (int64_t)number_get64(value + 40);
	memcpy(file->note, value + 48, CDBFILE_NOTE);
	if ((uint64_t)st->st_size != file->size)
		return damaged("cut: its size is not what rcptbuild wrote");
	if (file->tables < CDBFILE_HEAD || file->tables > file->blocks ||
	    file->blocks > file->size || (file->blocks - file->tables) % 8 != 0 ||
	    (file->blocks - file->tables + CDBFILE_BLOCK - 1) / CDBFILE_BLOCK * 8 !=
		file->size - file->blocks)
		return damaged("damaged: its offsets make no sense");
	return 0;
}

int
cdbfile_open(struct cdbfile *file, const char *path)
{
	struct stat st;
	int error;

	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (file->fd == -1)
		return -1;
	if (fstat(file->fd, &st) == 0) {
		file->device = st.st_dev;
		file->inode = st.st_ino;
		if (!S_ISREG(st.st_mode) || st.st_size < CDBFILE_HEAD)
			damaged("cut or empty, or not a file that rcptbuild wrote");
		else if (read_at(file, file->head, CDBFILE_HEAD, 0) == 0 &&
		    prove_head(file, &st) == 0)
			return 0;
	}
	error = errno;
	cdbfile_close(file);
	errno = error;
	return -1;
}

/* Proves the blocks of hash tables that hold these bytes, which lie inside the tables. */
static int
prove_tables(struct cdbfile *file, uint64_t offset, size_t len)
{
	uint64_t first = (offset - file->tables) / CDBFILE_BLOCK;
	uint64_t last = (offset + len - 1 - file->tables) / CDBFILE_BLOCK;

	for (uint64_t block = first; block <= last; block++) {
		unsigned char bytes[CDBFILE_BLOCK], sum[8];
		uint64_t start = file->tables + block * CDBFILE_BLOCK;
		size_t size = CDBFILE_BLOCK;

		if (file->blocks - start < size)
			size = (size_t)(file->blocks - start);
		if (read_at(file, bytes, size, start) == -1 ||
		    read_at(file, sum, sizeof(sum), file->blocks + block * 8) == -1)
			return -1;
		if (checksum_add(CHECKSUM_START, bytes, size) != number_get64(sum))
			return damaged("damaged: a hash table has a wrong checksum");
	}
	return 0;
}

/*
 * Reads the record at the offset in pieces and proves its checksum. Returns 1 when it has this key,
 * with its value; 0 when it has another; -1 for damage.
 */
static int
read_record(struct cdbfile *file, uint64_t offset, const void *key, size_t key_len, void *value,
    size_t size, size_t *len)
{
	unsigned char bytes[CDBFILE_BLOCK], stored[8];
	const unsigned char *wanted = key;
	unsigned char *out = value;
	uint64_t sum, record_key_len, record_len, first, rest, done = 0;
	bool same;

	if (offset < CDBFILE_CONTENTS || offset > file->tables - 8)
		return damaged("damaged: an offset leads out of the records");
	rest = file->tables - offset;
	if (rest > sizeof(bytes))
		rest = sizeof(bytes);
	first = rest;
	if (read_at(file, bytes, (size_t)rest, offset) == -1)
		return -1;
	record_key_len = cdb_unpack(bytes);
	record_len = cdb_unpack(bytes + 4);
	if (record_len < 8 || record_key_len + record_len > file->tables - offset - 8)
		return damaged("damaged: a record is longer than the file");
	same = record_key_len == key_len;

	sum = checksum_add_number(CHECKSUM_START, record_key_len);
	for (uint64_t at = 8, total = 8 + record_key_len + record_len - 8; at < total;) {
		size_t start = 0, part;

		if (at == 8) {
			start = 8;
		} else {
			rest = total - at;
			if (rest > sizeof(bytes))
				rest = sizeof(bytes);
			if (read_at(file, bytes, (size_t)rest, offset + at) == -1)
				return -1;
		}
		part = (size_t)rest - start;
		if (part > total - at)
			part = (size_t)(total - at);
		sum = checksum_add(sum, bytes + start, part);
		for (size_t i = 0; i < part; i++, done++) {
			unsigned char byte = bytes[start + i];

			if (done < record_key_len)
				same = same && wanted[done] == byte;
			else if (same && done - record_key_len < size)
				out[done - record_key_len] = byte;
		}
		at += part;
	}
	if (8 + record_key_len + record_len <= first)
		memcpy(stored, bytes + record_key_len + record_len, 8);
	else if (read_at(file, stored, 8, offset + record_key_len + record_len) == -1)
		return -1;
	if (sum != number_get64(stored))
		return damaged("damaged: a record has a wrong checksum");
	if (!same)
		return 0;
	*len = (size_t)record_len - 8;
	if (*len > size) {
		errno = EMSGSIZE;
		return -1;
	}
	return 1;
}

/*
 * One walk through the slots from where the key's hash begins to the first empty one. A record that
 * is found proves itself by its checksum. Not to find it is proof only when the table of contents,
 * the slots passed and every record that was compared are as they were written.
 */
int
cdbfile_find(struct cdbfile *file, const void *key, size_t key_len, void *value, size_t size,
    size_t *len)
{
	uint32_t hash = cdb_hash(key, (unsigned)key_len);
	const unsigned char *entry = file->head + (hash & 255) * 8;
	uint64_t table = cdb_unpack(entry), slots = cdb_unpack(entry + 4), slot, left;

	if (slots > 0 &&
	    (table < file->tables || table > file->blocks || slots > (file->blocks - table) / 8))
		return damaged("damaged: a hash table lies outside the file");
	slot = slots > 0 ? (hash >> 8) % slots : 0;
	for (left = slots; left > 0;) {
		unsigned char bytes[64];
		uint64_t run = slots - slot, start = table + slot * 8;
		bool end = false;

		if (run > left)
			run = left;
		if (run > sizeof(bytes) / 8)
			run = sizeof(bytes) / 8;
		if (read_at(file, bytes, (size_t)run * 8, start) == -1)
			return -1;
		for (uint64_t i = 0; i < run && !end; i++) {
			uint64_t offset = cdb_unpack(bytes + i * 8 + 4);
			int found = 0;

			if (offset == 0)
				end = true;
			else if (cdb_unpack(bytes + i * 8) == hash)
				found = read_record(file, offset, key, key_len, value, size, len);
			if (found != 0)
				return found;
		}
		if (prove_tables(file, start, (size_t)run * 8) == -1)
			return -1;
		if (end)
			break;
		left -= run;
		slot = (slot + run) % slots;
	}
	if (checksum_add(CHECKSUM_START, file->head, CDBFILE_CONTENTS) != file->contents_checksum)
		return damaged("damaged: the table of contents has a wrong checksum");
	return 0;
}

void
cdbfile_close(struct cdbfile *file)
{
	if (file->fd != -1)
		close(file->fd);
	file->fd = -1;
}
