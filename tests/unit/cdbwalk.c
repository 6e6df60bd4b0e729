/*
 * A walk through a CDB sees each record once and in order, and any damage before its end.
 */
#include "base/cdbwalk.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cdbwriter.h"
#include "tap.h"

#define COUNT 40

static char path[64];
static int fd;

struct seen {
	int records, stop_after;
	bool right;
};

static int
see(void *arg, const struct cdbfile_record *record)
{
	struct seen *seen = arg;
	char key[32], value[32];

	if (seen->records == 0) {
		seen->right = record->key_len == CDBFILE_MARK_LEN &&
		    memcmp(record->key, CDBFILE_MARK, CDBFILE_MARK_LEN) == 0;
	} else {
		snprintf(key, sizeof(key), "key%d", seen->records);
		snprintf(value, sizeof(value), "value of %d", seen->records * 7);
		seen->right = seen->right && record->key_len == strlen(key) &&
		    memcmp(record->key, key, record->key_len) == 0 &&
		    record->len == strlen(value) &&
		    memcmp(record->value, value, record->len) == 0;
	}
	return ++seen->records == seen->stop_after;
}

static int
walk(struct seen *seen)
{
	struct cdbfile file;
	int result;

	*seen = (struct seen){.stop_after = seen->stop_after};
	if (cdbfile_open(&file, path) == -1)
		return -2;
	result = cdbwalk(&file, see, seen);
	cdbfile_close(&file);
	return result;
}

static void
build(int count)
{
	static const unsigned char note[CDBFILE_NOTE];
	struct cdbwriter writer;
	char key[32], value[32];

	fd = memfd_create("cdbwalk", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cdbwriter_start(&writer, fd, 1000000);
	for (int i = 1; i <= count; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		snprintf(value, sizeof(value), "value of %d", i * 7);
		cdbwriter_add(&writer, key, strlen(key), value, strlen(value));
	}
	if (cdbwriter_finish(&writer, 1, note) == -1)
		abort();
}

int
main(void)
{
	struct seen seen = {0};
	struct cdbfile file;
	int told = 0, wrong = 0, closed = 0;

	build(0);
	is_int(walk(&seen), 0, "a file without records");
	ok(seen.records == 1 && seen.right, "has its mark alone");
	close(fd);

	build(COUNT);
	is_int(walk(&seen), 0, "a file with records");
	ok(seen.records == COUNT + 1 && seen.right, "has each once, in order, behind the mark");
	seen.stop_after = 5;
	is_int(walk(&seen), 1, "an early end");
	is_int(seen.records, 5, "is one");
	seen.stop_after = 0;

	for (off_t i = 0, size = lseek(fd, 0, SEEK_END); i < size; i++) {
		unsigned char byte, turned;
		int result;

		if (pread(fd, &byte, 1, i) != 1)
			abort();
		turned = byte ^ (unsigned char)(1 << i % 8);
		if (pwrite(fd, &turned, 1, i) != 1)
			abort();
		errno = 0;
		result = walk(&seen);
		told += result == -1 && errno == EPROTO && seen.right;
		closed += result == -2 && errno == EPROTO;
		wrong += result >= 0;
		if (pwrite(fd, &byte, 1, i) != 1)
			abort();
	}
	ok(wrong == 0 && told > 2048 && closed > 60,
	    "any changed bit is seen, %d times by the walk, %d times before it", told, closed);

	cdbfile_open(&file, path);
	seen = (struct seen){0};
	if (ftruncate(fd, (off_t)file.size / 2) == -1)
		abort();
	ok(cdbwalk(&file, see, &seen) == -1 && errno == EPROTO && seen.records < COUNT,
	    "a file that shrinks meanwhile");
	is_str(cdbfile_reason(), "the file became shorter while it was read", "is told");
	cdbfile_close(&file);
	close(fd);
	return tap_done();
}
