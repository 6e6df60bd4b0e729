/*
 * Any bytes as a CDB. The first byte chooses:
 *
 *	0	the rest is the file;
 *	1	two bytes say where the hash tables begin, the rest is the file; its mark and
 *		checksums are made good first, so that what lies behind them is reached;
 *	2	a good file, changed in one place: two bytes say where, one what with; then it
 *		is cut or longer by as much as the next two bytes say;
 *	3	a good file, and each three bytes change a place of it.
 *
 * No answer may be another than the file's own checksums prove.
 */
#include <cdb.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cdbfile.h"
#include "base/cdbwalk.h"
#include "base/cdbwriter.h"
#include "base/checksum.h"
#include "base/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX  16384
#define KEYS      8
#define VALUE_MAX 600

static const unsigned char note[CDBFILE_NOTE];

static void
check(bool good)
{
	if (!good)
		abort();
}

static size_t
make_key(char key[32], int i)
{
	return (size_t)snprintf(key, 32, i % 2 ? "dexample%d.com" : "d%d", i);
}

static size_t
make_value(unsigned char value[VALUE_MAX], int i)
{
	size_t len = (size_t)(i * 67);

	for (size_t j = 0; j < len; j++)
		value[j] = (unsigned char)(i + (int)j);
	return len;
}

/* A good file with KEYS keys. Returns its size. */
static size_t
make_file(unsigned char *file)
{
	int fd = memfd_create("made", MFD_CLOEXEC);
	struct cdbwriter writer;
	unsigned char value[VALUE_MAX];
	char key[32];
	ssize_t len;

	check(fd != -1 && cdbwriter_start(&writer, fd, FILE_MAX) == 0);
	for (int i = 0; i < KEYS; i++) {
		size_t value_len = make_value(value, i);

		check(cdbwriter_add(&writer, key, make_key(key, i), value, value_len) == 0);
	}
	check(cdbwriter_finish(&writer, 1, note) == 0);
	len = pread(fd, file, FILE_MAX, 0);
	check(len > CDBFILE_HEAD);
	close(fd);
	return (size_t)len;
}

/*
 * Makes the head and all checksums of these bytes good, and those of the records too where
 * their lengths make sense. Returns the size, which may be a little less then.
 */
static size_t
repair(unsigned char *file, size_t size, size_t tables)
{
	unsigned char *mark = file + CDBFILE_CONTENTS, *value = mark + 8 + CDBFILE_MARK_LEN;
	size_t blocks, count;
	uint64_t sum;

	tables = CDBFILE_HEAD + tables % (size - CDBFILE_HEAD + 1);
	/* So many bytes of tables that they and their checksums fill what is left. */
	for (blocks = tables; blocks + 8 <= size; blocks += 8) {
		count = (blocks + 8 - tables + CDBFILE_BLOCK - 1) / CDBFILE_BLOCK;
		if (blocks + 8 + count * 8 > size)
			break;
	}
	count = (blocks - tables + CDBFILE_BLOCK - 1) / CDBFILE_BLOCK;
	size = blocks + count * 8;

	for (size_t at = CDBFILE_HEAD; at + 16 <= tables;) {
		uint64_t key_len = cdb_unpack(file + at), len = cdb_unpack(file + at + 4);

		if (len < 8 || key_len + len > tables - at - 8)
			break;
		sum = checksum_add(CHECKSUM_START, file + at + 8, key_len);
		sum = checksum_add(sum, file + at + 8 + key_len, len - 8);
		number_put64(file + at + key_len + len, sum);
		at += 8 + key_len + len;
	}
	for (size_t i = 0; i < count; i++) {
		size_t start = tables + i * CDBFILE_BLOCK, len = blocks - start;

		sum = checksum_add(
		    CHECKSUM_START, file + start, len > CDBFILE_BLOCK ? CDBFILE_BLOCK : len);
		number_put64(file + blocks + i * 8, sum);
	}
	cdb_pack(CDBFILE_MARK_LEN, mark);
	cdb_pack(CDBFILE_VALUE_LEN + 8, mark + 4);
	memcpy(mark + 8, CDBFILE_MARK, CDBFILE_MARK_LEN);
	memcpy(value, "rcptcdb", 7);
	value[7] = CDBFILE_VERSION;
	number_put64(value + 8, size);
	number_put64(value + 16, tables);
	number_put64(value + 24, blocks);
	number_put64(value + 32, checksum_add(CHECKSUM_START, file, CDBFILE_CONTENTS));
	sum = checksum_add(CHECKSUM_START, mark + 8, CDBFILE_MARK_LEN);
	sum = checksum_add(sum, mark + 8 + CDBFILE_MARK_LEN, CDBFILE_VALUE_LEN);
	number_put64(value + CDBFILE_VALUE_LEN, sum);
	return size;
}

/* Is this record, with its checksum, anywhere in the file? */
static bool
is_proven(const unsigned char *file, size_t size, const char *key, size_t key_len,
    const unsigned char *value, size_t len)
{
	unsigned char bytes[8 + 32 + VALUE_MAX + 8];
	uint64_t sum = checksum_add(checksum_add(CHECKSUM_START, key, key_len), value, len);

	cdb_pack((unsigned)key_len, bytes);
	cdb_pack((unsigned)len + 8, bytes + 4);
	memcpy(bytes + 8, key, key_len);
	memcpy(bytes + 8 + key_len, value, len);
	number_put64(bytes + 8 + key_len + len, sum);
	return memmem(file, size, bytes, 8 + key_len + len + 8) != NULL;
}

struct seen {
	const unsigned char *file;
	size_t size;
	uint64_t at;
};

/* Records lie one behind the other in the file, whole. */
static int
see(void *arg, const struct cdbfile_record *record)
{
	struct seen *seen = arg;

	check(record->end == seen->at + 8 + record->key_len + record->len + 8 &&
	    record->end <= seen->size &&
	    memcmp(record->bytes, seen->file + seen->at, record->end - seen->at) == 0);
	seen->at = record->end;
	return 0;
}

static size_t
prepare(unsigned char *file, const uint8_t *data, size_t size)
{
	int mode = *data++ % 4;
	size_t len, tables = 0;

	size--;
	if (mode < 2) {
		if (mode == 1 && size >= 2) {
			tables = data[0] + data[1] * 256u;
			data += 2;
			size -= 2;
		}
		len = size < FILE_MAX ? size : FILE_MAX;
		memcpy(file, data, len);
		return mode == 1 && len >= CDBFILE_HEAD ? repair(file, len, tables) : len;
	}
	len = make_file(file);
	for (; size >= 3; size -= 3, data += 3) {
		file[(data[0] + data[1] * 256u) % len] ^= data[2];
		if (mode == 2)
			break;
	}
	if (mode == 2 && size >= 5)
		len = (len + (data[3] + data[4] * 256u)) % FILE_MAX;
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char file[FILE_MAX], value[VALUE_MAX], want[VALUE_MAX];
	struct seen seen = {.file = file, .at = CDBFILE_CONTENTS};
	struct cdbfile cdb;
	char path[64], key[32];
	size_t file_len;
	int fd, walked;

	if (size == 0)
		return 0;
	memset(file, 0, sizeof(file));
	file_len = prepare(file, data, size);
	fd = memfd_create("cdbfile", MFD_CLOEXEC);
	check(fd != -1 && write(fd, file, file_len) == (ssize_t)file_len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (cdbfile_open(&cdb, path) == -1) {
		check(errno == EPROTO && cdb.fd == -1 && cdbfile_reason()[0] != '\0');
		close(fd);
		return 0;
	}
	check(cdb.tables >= CDBFILE_HEAD && cdb.tables <= cdb.blocks &&
	    cdb.blocks <= cdb.size && cdb.size == file_len);
	seen.size = file_len;
	walked = cdbwalk(&cdb, see, &seen);
	check((walked == -1 && errno == EPROTO) || (walked == 0 && seen.at == cdb.tables));
	for (int i = 0; i < KEYS + 4; i++) {
		size_t len = 0, key_len = make_key(key, i);
		int found = cdbfile_find(&cdb, key, key_len, value, sizeof(value), &len);

		if (found == 1) {
			check(len <= sizeof(value));
			check(is_proven(file, file_len, key, key_len, value, len));
		}
		if (found == -1)
			/* With checksums made good, the walk may not see what is wrong. */
			check(errno == EMSGSIZE ||
			    (errno == EPROTO && (walked == -1 || data[0] % 4 == 1)));
		/* A file that rcptbuild wrote: what was put in is there, and nothing else. */
		if (data[0] % 4 >= 2) {
			check(found != -1 || errno == EPROTO);
			check(found == -1 || found == (i < KEYS));
			if (found == 1)
				check(len == make_value(want, i) &&
				    memcmp(value, want, len) == 0);
		}
	}
	cdbfile_close(&cdb);
	close(fd);
	return 0;
}
