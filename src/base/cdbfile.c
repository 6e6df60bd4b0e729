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
	sum = checksum_add(CHECKSUM_START, mark + 8, CDBFILE_MARK_LEN);
	sum = checksum_add(sum, value, CDBFILE_VALUE_LEN);
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
	return cdbfile_open_at(file, AT_FDCWD, path);
}

int
cdbfile_open_at(struct cdbfile *file, int folder, const char *path)
{
	struct stat st;
	int error;

	file->fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
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

int
cdbfile_read_block(const struct cdbfile *file, struct cdbfile_block *block, uint64_t offset)
{
	block->start = offset - (offset - file->tables) % CDBFILE_BLOCK;
	block->size = CDBFILE_BLOCK;
	if (file->blocks - block->start < block->size)
		block->size = (size_t)(file->blocks - block->start);
	return read_at(file, block->bytes, block->size, block->start);
}

int
cdbfile_prove_block(const struct cdbfile *file, const struct cdbfile_block *block)
{
	unsigned char sum[8];
	uint64_t number = (block->start - file->tables) / CDBFILE_BLOCK;

	if (read_at(file, sum, sizeof(sum), file->blocks + number * 8) == -1)
		return -1;
	if (checksum_add(CHECKSUM_START, block->bytes, block->size) != number_get64(sum))
		return damaged("damaged: a hash table has a wrong checksum");
	return 0;
}

int
cdbfile_prove_contents(const struct cdbfile *file)
{
	if (checksum_add(CHECKSUM_START, file->head, CDBFILE_CONTENTS) !=
	    file->contents_checksum)
		return damaged("damaged: the table of contents has a wrong checksum");
	return 0;
}

int
cdbfile_read_bytes(const struct cdbfile *file, void *bytes, size_t len, uint64_t offset)
{
	return read_at(file, bytes, len, offset);
}

int
cdbfile_prove_record(
    const struct cdbfile *file, uint64_t offset, uint64_t there, struct cdbfile_record *record)
{
	enum { HEADER = 8 };
	uint64_t key_len = cdb_unpack(record->bytes), sum;
	uint64_t value_len = cdb_unpack(record->bytes + 4), end = HEADER + key_len + value_len;

	if (key_len > CDBFILE_KEY_MAX || value_len < MARK_CHECKSUM_LEN ||
	    value_len > CDBFILE_VALUE_MAX + MARK_CHECKSUM_LEN || end > file->tables - offset)
		return damaged("damaged: a record is longer than it can be");
	if (end > there) {
		record->end = offset + end;
		return 1;
	}
	record->key = record->bytes + HEADER;
	record->key_len = (size_t)key_len;
	record->value = record->key + key_len;
	record->len = (size_t)value_len - MARK_CHECKSUM_LEN;
	record->end = offset + end;
	sum = checksum_add(CHECKSUM_START, record->key, record->key_len);
	sum = checksum_add(sum, record->value, record->len);
	if (sum != number_get64(record->value + record->len))
		return damaged("damaged: a record has a wrong checksum");
	return 0;
}

int
cdbfile_read_record(const struct cdbfile *file, uint64_t offset, struct cdbfile_record *record)
{
	enum { HEADER = 8, AT_ONCE = 512 };
	uint64_t room, there;
	int more;

	if (offset < CDBFILE_CONTENTS || offset > file->tables - HEADER)
		return damaged("damaged: an offset leads out of the records");
	room = file->tables - offset;
	there = room < AT_ONCE ? room : AT_ONCE;
	if (read_at(file, record->bytes, (size_t)there, offset) == -1)
		return -1;
	more = cdbfile_prove_record(file, offset, there, record);
	if (more != 1)
		return more;
	room = record->end - offset;
	if (read_at(file, record->bytes + there, (size_t)(room - there), offset + there) == -1)
		return -1;
	return cdbfile_prove_record(file, offset, room, record);
}

/*
 * Reads the record at the offset. Returns 1 when it has this key, with its value; 0 when it has
 * another; -1 for damage.
 */
static int
compare_record(const struct cdbfile *file, uint64_t offset, const void *key, size_t key_len,
    void *value, size_t size, size_t *len)
{
	struct cdbfile_record record;

	if (cdbfile_read_record(file, offset, &record) == -1)
		return -1;
	if (record.key_len != key_len || memcmp(record.key, key, key_len) != 0)
		return 0;
	if (record.len > size) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(value, record.value, record.len);
	*len = record.len;
	return 1;
}

/*
 * One walk through the slots from where the key's hash begins to the first empty one. A record
 * that is found proves itself by its checksum. Not to find it is proof only when the table of
 * contents, the slots passed and every record that was compared are as they were written.
 */
int
cdbfile_find(struct cdbfile *file, const void *key, size_t key_len, void *value, size_t size,
    size_t *len)
{
	uint32_t hash = cdb_hash(key, (unsigned)key_len);
	const unsigned char *entry = file->head + (hash & 255) * 8;
	uint64_t table = cdb_unpack(entry), slots = cdb_unpack(entry + 4), slot;
	struct cdbfile_block block;
	bool end = false;

	if (slots > 0 &&
	    (table < file->tables || table > file->blocks || (table - file->tables) % 8 != 0 ||
		slots > (file->blocks - table) / 8))
		return damaged("damaged: a hash table lies outside the file");
	slot = slots > 0 ? (hash >> 8) % slots : 0;
	for (uint64_t left = slots; left > 0 && !end;) {
		if (cdbfile_read_block(file, &block, table + slot * 8) == -1)
			return -1;
		for (uint64_t at = table + slot * 8 - block.start;
		     at < block.size && slot < slots && left > 0 && !end;
		     at += 8, slot++, left--) {
			uint64_t offset = cdb_unpack(block.bytes + at + 4);
			int found = 0;

			if (offset == 0)
				end = true;
			else if (cdb_unpack(block.bytes + at) == hash)
				found = compare_record(
				    file, offset, key, key_len, value, size, len);
			if (found != 0)
				return found;
		}
		if (cdbfile_prove_block(file, &block) == -1)
			return -1;
		if (slot == slots)
			slot = 0;
	}
	return cdbfile_prove_contents(file);
}

void
cdbfile_close(struct cdbfile *file)
{
	if (file->fd != -1)
		close(file->fd);
	file->fd = -1;
}
