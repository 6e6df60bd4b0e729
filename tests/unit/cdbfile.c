/*
 * The CDB: what tinycdb finds is found, what it does not find is missed, and a file that is
 * cut, damaged or changed under the reader is an error: never another value, never a miss of
 * what is there.
 */
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cdbfile.h"
#include "base/cdbwriter.h"
#include "tap.h"

#define LIMIT 100000000u
#define BUILT 1700000000

static const unsigned char note[CDBFILE_NOTE] = {1, 2, 3, 4};

/* A file in memory, and its path. */
static int
memory_file(char path[64])
{
	int fd = memfd_create("cdbfile", MFD_CLOEXEC);

	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void
put(int fd, const void *bytes, size_t len, off_t at)
{
	if (pwrite(fd, bytes, len, at) != (ssize_t)len)
		abort();
}

static void
resize(int fd, off_t size)
{
	if (ftruncate(fd, size) == -1)
		abort();
}

/* Writes a CDB with the keys "key0" to "keyN", each with its own value. Returns 0 or -1. */
static int
build(int fd, int count, uint64_t limit)
{
	struct cdbwriter writer;

	if (cdbwriter_start(&writer, fd, limit) == -1) {
		cdbwriter_abandon(&writer);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		char key[32], value[64];
		int key_len = snprintf(key, sizeof(key), "key%d", i);
		int len = snprintf(value, sizeof(value), "value of %d", i * 7);

		if (cdbwriter_add(&writer, key, (size_t)key_len, value, (size_t)len) == -1) {
			cdbwriter_abandon(&writer);
			return -1;
		}
	}
	return cdbwriter_finish(&writer, BUILT, note);
}

enum { INTACT, MISSED, TROUBLE, WRONG };

/* What the file says of the key of that number; of a number past count it should be a miss. */
static int
ask(struct cdbfile *file, int i)
{
	char key[32], value[64], want[64];
	size_t len = 0;

	snprintf(key, sizeof(key), "key%d", i);
	snprintf(want, sizeof(want), "value of %d", i * 7);
	errno = 0;
	switch (cdbfile_find(file, key, strlen(key), value, sizeof(value), &len)) {
	case 1:
		return len == strlen(want) && memcmp(value, want, len) == 0 ? INTACT : WRONG;
	case 0:
		return MISSED;
	case -1:
		return errno == EPROTO && cdbfile_reason()[0] != '\0' ? TROUBLE : WRONG;
	default:
		return WRONG;
	}
}

/*
 * Asks a file that may be damaged for count keys that were put in and as many that were not.
 * Returns false for a wrong answer; counts in tally what came of the keys put in.
 */
static bool
all_true(const char *path, int count, int tally[4])
{
	struct cdbfile file;
	bool good = true;

	errno = 0;
	if (cdbfile_open(&file, path) == -1) {
		tally[TROUBLE] += count;
		return errno == EPROTO && file.fd == -1;
	}
	good = file.built == BUILT && memcmp(file.note, note, sizeof(note)) == 0;
	for (int i = 0; i < 2 * count; i++) {
		int said = ask(&file, i);

		if (i < count) {
			tally[said]++;
			good = good && (said == INTACT || said == TROUBLE);
		} else {
			good = good && (said == MISSED || said == TROUBLE);
		}
	}
	cdbfile_close(&file);
	return good;
}

static void
test_small(void)
{
	char path[64];
	int fd = memory_file(path), tally[4] = {0};
	struct cdbfile file;
	struct stat st;
	char value[64];
	size_t len;

	is_int(build(fd, 20, LIMIT), 0, "a file is written");
	is_int(cdbfile_open(&file, path), 0, "and opened");
	fstat(fd, &st);
	ok(file.built == BUILT && memcmp(file.note, note, sizeof(note)) == 0 &&
		file.inode == st.st_ino && file.device == st.st_dev &&
		file.size == (uint64_t)st.st_size,
	    "it says when it was built, and which file it is");
	is_int(cdbfile_find(&file, "key3", 4, value, 11, &len), 1, "a value that just fits");
	errno = 0;
	ok(cdbfile_find(&file, "key3", 4, value, 10, &len) == -1 && errno == EMSGSIZE,
	    "one that does not fit is told");
	is_int(cdbfile_find(&file, "key", 3, value, sizeof(value), &len), 0,
	    "part of a key is none");
	is_int(cdbfile_find(&file, "", 0, value, sizeof(value), &len), 0, "nothing is no key");
	cdbfile_close(&file);
	ok(all_true(path, 20, tally) && tally[INTACT] == 20, "every key has its value");
	close(fd);

	fd = memory_file(path);
	is_int(build(fd, 0, LIMIT), 0, "a file without records");
	ok(cdbfile_open(&file, path) == 0 && ask(&file, 1) == MISSED, "misses everything");
	cdbfile_close(&file);
	close(fd);
}

static void
test_long(void)
{
	static char key[CDBFILE_KEY_MAX + 1], value[CDBFILE_VALUE_MAX + 1],
	    back[CDBFILE_VALUE_MAX];
	char path[64];
	int fd = memory_file(path);
	struct cdbwriter writer;
	struct cdbfile file;
	size_t len;
	bool good = true;

	cdbwriter_start(&writer, fd, LIMIT);
	memset(key, 'k', sizeof(key));
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (char)(i * 31 + i / 256);
	for (size_t i = 1; i <= 4000; i += i < 600 ? 1 : 97) {
		memcpy(key, &(uint16_t){(uint16_t)i}, 2);
		good =
		    good && cdbwriter_add(&writer, key, 2 + i % 1000, value + i % 64, i) == 0;
	}
	ok(good, "long records are written");
	ok(cdbwriter_add(&writer, key, CDBFILE_KEY_MAX + 1, "", 0) == -1 && errno == EINVAL,
	    "a key too long is refused");
	ok(cdbwriter_add(&writer, key, 0, "", 0) == -1 && errno == EINVAL,
	    "so is one of no bytes");
	ok(cdbwriter_add(&writer, "x", 1, value, sizeof(value)) == -1 && errno == EINVAL,
	    "so is a value too long");
	cdbwriter_add(&writer, "empty", 5, "", 0);
	is_int(cdbwriter_finish(&writer, 1, note), 0, "and the file is finished nevertheless");
	is_int(cdbfile_open(&file, path), 0, "it opens");
	for (size_t i = 1; i <= 4000; i += i < 600 ? 1 : 97) {
		memcpy(key, &(uint16_t){(uint16_t)i}, 2);
		good = good &&
		    cdbfile_find(&file, key, 2 + i % 1000, back, sizeof(back), &len) == 1 &&
		    len == i && memcmp(back, value + i % 64, i) == 0;
	}
	ok(good, "every length of key and value comes back");
	ok(cdbfile_find(&file, "empty", 5, back, 0, &len) == 1 && len == 0,
	    "an empty value too");
	cdbfile_close(&file);
	close(fd);
}

/* The same questions to tinycdb and to us, about keys that are there and keys that are not. */
static bool
agree(unsigned seed, size_t records)
{
	char path[64];
	int fd = memory_file(path);
	struct cdbwriter writer;
	struct cdbfile file;
	struct cdb theirs;
	bool good = cdbwriter_start(&writer, fd, LIMIT) == 0;

	srand(seed);
	for (size_t i = 0; i < records; i++) {
		unsigned char key[40], value[300];
		size_t key_len = 4 + (size_t)rand() % (sizeof(key) - 4);
		size_t len = (size_t)rand() % sizeof(value);

		memcpy(key, &(uint32_t){(uint32_t)i * 2}, 4);
		for (size_t j = 4; j < key_len; j++)
			key[j] = (unsigned char)rand();
		for (size_t j = 0; j < len; j++)
			value[j] = (unsigned char)rand();
		good = good && cdbwriter_add(&writer, key, key_len, value, len) == 0;
	}
	good = good && cdbwriter_finish(&writer, 1, note) == 0 &&
	    cdbfile_open(&file, path) == 0 && cdb_init(&theirs, fd) == 0;
	srand(seed);
	for (size_t i = 0; good && i < records; i++) {
		unsigned char key[40], value[300];
		size_t key_len = 4 + (size_t)rand() % (sizeof(key) - 4);
		size_t skip = (size_t)rand() % sizeof(value), len = 0;

		memcpy(key, &(uint32_t){(uint32_t)i * 2}, 4);
		for (size_t j = 4; j < key_len; j++)
			key[j] = (unsigned char)rand();
		while (skip-- > 0)
			rand();
		for (int other = 0; other < 2; other++) {
			int want, got;

			key[0] = (unsigned char)(key[0] | other); /* an odd number is no key */
			want = cdb_find(&theirs, key, (unsigned)key_len);
			got = cdbfile_find(&file, key, key_len, value, sizeof(value), &len);
			good = good && got == want && got == !other;
			if (good && got == 1)
				good = len + 8 == cdb_datalen(&theirs) &&
				    memcmp(value, cdb_getdata(&theirs), len) == 0;
		}
	}
	if (good) {
		cdb_free(&theirs);
		cdbfile_close(&file);
	}
	close(fd);
	return good;
}

static void
test_differential(void)
{
	bool good = true;

	for (unsigned seed = 1; seed <= 60; seed++)
		good = good && agree(seed, seed * 5);
	ok(good, "random small files answer as tinycdb says");
	ok(agree(99, 60000), "so does one of 60000 records");
}

/* Each bit of a file turned over, one at a time. */
static void
test_bits(void)
{
	enum { COUNT = 6 };
	char path[64];
	int fd = memory_file(path), tally[4] = {0};
	static unsigned char bytes[8192];
	ssize_t len;
	long wrong = 0, quiet = 0;

	build(fd, COUNT, LIMIT);
	len = pread(fd, bytes, sizeof(bytes), 0);
	for (ssize_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			unsigned char turned = (unsigned char)(bytes[i] ^ 1 << bit);
			int before = tally[TROUBLE];

			put(fd, &turned, 1, i);
			if (!all_true(path, COUNT, tally) && wrong++ < 10)
				printf("# bit %d of byte %zd\n", bit, i);
			quiet += tally[TROUBLE] == before;
		}
		put(fd, &bytes[i], 1, i);
	}
	ok(len > CDBFILE_HEAD && wrong == 0, "no bit turned in %zd bytes gives a wrong answer",
	    len);
	ok(tally[INTACT] > 0 && tally[TROUBLE] > 0 && quiet > 0,
	    "%d times a key was found, %d times the damage", tally[INTACT], tally[TROUBLE]);
	close(fd);
}

static void
test_size(void)
{
	enum { COUNT = 6 };
	char path[64];
	int fd = memory_file(path), tally[4] = {0};
	static unsigned char bytes[8192];
	ssize_t len;
	bool good = true;

	build(fd, COUNT, LIMIT);
	len = pread(fd, bytes, sizeof(bytes), 0);
	for (ssize_t size = len - 1; size >= 0; size--) {
		resize(fd, size);
		good = good && all_true(path, COUNT, tally);
	}
	ok(good && tally[TROUBLE] == len * COUNT, "a file cut anywhere is refused");
	memset(tally, 0, sizeof(tally));
	put(fd, bytes, (size_t)len, 0);
	for (int more = 1; more <= 520; more++) {
		put(fd, &bytes[more], 1, len + more - 1);
		good = good && all_true(path, COUNT, tally);
	}
	ok(good && tally[TROUBLE] == 520 * COUNT, "so is one with bytes behind it");
	memset(tally, 0, sizeof(tally));
	resize(fd, len);
	ok(all_true(path, COUNT, tally) && tally[INTACT] == COUNT, "and the whole one is not");
	for (ssize_t start = 0; start < len; start += 61) {
		static const unsigned char zeros[61];

		memset(tally, 0, sizeof(tally));
		put(fd, zeros, sizeof(zeros), start);
		good = good && all_true(path, COUNT, tally);
		resize(fd, len);
		put(fd, bytes, (size_t)len, 0);
	}
	ok(good, "no stretch of zeros gives a wrong answer");
	close(fd);
}

static void
test_limit(void)
{
	char path[64];
	int fd = memory_file(path), tally[4] = {0}, count = 0;
	struct cdbwriter writer;
	struct stat st;
	char key[32], value[64];

	cdbwriter_start(&writer, fd, 20000);
	for (;; count++) {
		int key_len = snprintf(key, sizeof(key), "key%d", count);
		int len = snprintf(value, sizeof(value), "value of %d", count * 7);

		errno = 0;
		if (cdbwriter_add(&writer, key, (size_t)key_len, value, (size_t)len) == -1)
			break;
	}
	ok(errno == EFBIG && count > 200, "the limit is told by EFBIG, after %d records",
	    count);
	is_int(cdbwriter_finish(&writer, BUILT, note), 0, "what went in makes a file");
	fstat(fd, &st);
	ok(st.st_size > 19000 && st.st_size <= 20000, "of %lld bytes, no more than the limit",
	    (long long)st.st_size);
	ok(all_true(path, count, tally) && tally[INTACT] == count, "and all of it is found");
	close(fd);

	fd = memory_file(path);
	errno = 0;
	ok(build(fd, 1, 100) == -1 && errno == EFBIG,
	    "a limit below an empty file is told too");
	close(fd);

	fd = memory_file(path);
	cdbwriter_start(&writer, fd, LIMIT);
	cdbwriter_add(&writer, "a", 1, "b", 1);
	cdbwriter_abandon(&writer);
	cdbwriter_abandon(&writer);
	memset(tally, 0, sizeof(tally));
	ok(all_true(path, 1, tally) && tally[TROUBLE] == 1,
	    "a file that was abandoned is none");
	close(fd);
}

static void
test_no_file(void)
{
	static const char text[] = "user@example.com\n";
	char path[64];
	int fd = memory_file(path);
	struct cdb_make make;
	struct cdbfile file;
	static char blank[3 * CDBFILE_HEAD];

	errno = 0;
	ok(cdbfile_open(&file, "/nonexistent/cdb") == -1 && errno == ENOENT, "no file");
	ok(cdbfile_open(&file, "/") == -1 && errno == EPROTO, "a folder");
	ok(cdbfile_open(&file, "/dev/null") == -1 && errno == EPROTO, "a device");
	ok(cdbfile_open(&file, path) == -1 && errno == EPROTO, "an empty file");
	put(fd, text, sizeof(text), 0);
	ok(cdbfile_open(&file, path) == -1 && errno == EPROTO, "a text");
	put(fd, blank, sizeof(blank), 0);
	ok(cdbfile_open(&file, path) == -1 && errno == EPROTO, "zeros");
	resize(fd, 0);
	lseek(fd, 0, SEEK_SET);
	cdb_make_start(&make, fd);
	for (unsigned i = 0; i < 100; i++)
		cdb_make_add(&make, &i, sizeof(i), blank, 60);
	cdb_make_finish(&make);
	ok(cdbfile_open(&file, path) == -1 && errno == EPROTO, "a CDB that is not ours");
	is_str(cdbfile_reason(), "not a file that rcptbuild wrote", "with a reason");
	close(fd);
}

/* The file changes while it is open. */
static void
test_under_reader(void)
{
	enum { COUNT = 50 };
	char folder[] = "/tmp/cdbfile.XXXXXX", path[64], fresh[64];
	struct cdbfile file;
	struct stat st;
	bool good = true;
	int fd, trouble = 0;

	if (mkdtemp(folder) == NULL)
		return;
	snprintf(path, sizeof(path), "%s/a.cdb", folder);
	snprintf(fresh, sizeof(fresh), "%s/b.cdb", folder);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	build(fd, COUNT, LIMIT);
	close(fd);
	cdbfile_open(&file, path);

	fd = open(fresh, O_RDWR | O_CREAT, 0600);
	build(fd, 1, LIMIT);
	close(fd);
	rename(fresh, path);
	ok(ask(&file, COUNT - 1) == INTACT && ask(&file, COUNT) == MISSED,
	    "a file that was replaced goes on as it was");
	stat(path, &st);
	ok(st.st_ino != file.inode, "and can be told from its successor");
	cdbfile_close(&file);
	ok(cdbfile_open(&file, path) == 0 && ask(&file, 0) == INTACT && ask(&file, 1) == MISSED,
	    "which answers for itself");
	unlink(path);
	ok(ask(&file, 0) == INTACT && ask(&file, 1) == MISSED,
	    "a file that was removed goes on too");
	cdbfile_close(&file);

	fd = open(path, O_RDWR | O_CREAT, 0600);
	build(fd, COUNT, LIMIT);
	cdbfile_open(&file, path);
	for (off_t size = (off_t)file.size; size >= 0; size -= 7) {
		resize(fd, size);
		for (int i = 0; i < 2 * COUNT; i++) {
			int said = ask(&file, i);

			trouble += said == TROUBLE;
			good =
			    good && (said == TROUBLE || said == (i < COUNT ? INTACT : MISSED));
		}
	}
	ok(good && trouble > 1000, "a file that shrinks gives no wrong answer");
	for (int i = 0; i < COUNT; i++)
		good = good && ask(&file, i) == TROUBLE;
	ok(good, "and no answer at all when it is empty");
	cdbfile_close(&file);
	close(fd);
	unlink(path);
	rmdir(folder);
}

int
main(void)
{
	test_small();
	test_long();
	test_differential();
	test_bits();
	test_size();
	test_limit();
	test_no_file();
	test_under_reader();
	return tap_done();
}
