/*
 * The verdict cache and its care: what is stored comes back, and whatever is done to the file,
 * the answer is right, "none" or "trouble", in time, and the next run of rcptbuild makes it
 * good again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "rcpt/cache.h"
#include "cachetest.h"
#include "tap.h"

#define KEY   "user@example.com"
#define LIMIT 1000000

static char folder[64], path[128], mark[160], journal[160];

/* SQLite's allocator, which fails from some call on. */
static sqlite3_mem_methods memory;
static int allocations_left = INT_MAX;

static void *
scarce_malloc(int size)
{
	return allocations_left-- > 0 ? memory.xMalloc(size) : NULL;
}

static void *
scarce_realloc(void *block, int size)
{
	return allocations_left-- > 0 ? memory.xRealloc(block, size) : NULL;
}

static void
make_memory_scarce(void)
{
	sqlite3_mem_methods scarce;

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory);
	scarce = memory;
	scarce.xMalloc = scarce_malloc;
	scarce.xRealloc = scarce_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce);
}

static bool
same(const struct cache_entry *a, const struct cache_entry *b)
{
	return a->finding == b->finding && a->code == b->code &&
	    strcmp(a->enhanced, b->enhanced) == 0 && strcmp(a->host, b->host) == 0 &&
	    strcmp(a->text, b->text) == 0 && a->probed == b->probed && a->expires == b->expires;
}

static bool
exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* Opens, stores or finds, closes. */
static int
store(const char *key, enum finding finding, int64_t probed, uint32_t limit)
{
	struct cache cache;
	struct cache_entry entry = sample(finding, probed);
	int result = cache_open(&cache, path, 5000);

	if (result == 0)
		result = put(&cache, key, strlen(key), &entry, limit);
	cache_close(&cache);
	return result;
}

static int
find(const char *key, struct cache_entry *entry, const char **reason)
{
	struct cache cache;
	int result = cache_open(&cache, path, 5000);

	if (result == 0)
		result = cache_find(&cache, key, strlen(key), entry);
	cache_close(&cache);
	*reason = cache_reason(&cache);
	return result;
}

static int64_t
query(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t answer = -1;

	sqlite3_open(path, &db);
	sqlite3_busy_timeout(db, 5000);
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return answer;
}

static bool
count_is_right(void)
{
	return query("SELECT (SELECT rows FROM account_cache_count) ="
		     " (SELECT count(*) FROM account_cache)") == 1;
}

static void
fresh(void)
{
	static const char *const suffixes[] = {
	    "", "-journal", "-wal", "-shm", ".damaged", ".checked"};
	const char *what;
	char name[192];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		if (unlink(name) == -1)
			rmdir(name);
	}
	cachefile_maintain(path, false, &what);
}

static size_t
slurp(unsigned char *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, bytes, size);

	close(fd);
	return len < 0 ? 0 : (size_t)len;
}

static void
spit(const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);

	if (write(fd, bytes, len) != (ssize_t)len)
		perror("write");
	close(fd);
}

/*
 * After rcptbuild, whatever was there: a cache that stores and finds, and no mark. A damaged
 * row that nobody asked for may be left for the thorough check.
 */
static bool
mended(const char **what)
{
	struct cache_entry entry;
	const char *reason;

	return cachefile_maintain(path, false, what) != -1 && !exists(mark) &&
	    store("after@example.com", FINDING_EXISTS, 5, LIMIT) == 0 &&
	    find("after@example.com", &entry, &reason) == 1 &&
	    cachefile_maintain(path, true, what) != -1 &&
	    cachefile_maintain(path, true, what) == 0;
}

static void
test_create(void)
{
	struct stat st;
	const char *what;
	char name[192];
	struct cache cache;
	struct cache_entry entry;
	mode_t umask_before = umask(077);

	is_int(cache_open(&cache, path, 100), -1, "a missing cache is trouble");
	ok(strstr(cache_reason(&cache), "not exist") != NULL, "it says: %s",
	    cache_reason(&cache));
	is_int(cache_find(&cache, "a@b", 3, &entry), -1, "find without a cache fails");
	is_int(put(&cache, "a@b", 3, &entry, 5), -1, "store without a cache fails");
	ok(strstr(cache_reason(&cache), "not exist") != NULL, "for the same reason");
	cache_close(&cache);
	ok(!exists(path) && !exists(mark), "nothing was created");

	is_int(cachefile_maintain(path, false, &what), 1, "the first run makes one");
	is_str(what, "it did not exist", "and says why");
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0660,
	    "mode 0660 in spite of the umask");
	is_int(st.st_nlink, 1, "no other name of it is left");
	is_int(cachefile_maintain(path, false, &what), 0, "the second run has nothing to do");
	is_str(what, "", "and nothing to say");
	is_int(cachefile_maintain(path, true, &what), 0, "nor a thorough one");
	umask(umask_before);

	snprintf(name, sizeof(name), "%s/none/verdicts.db", folder);
	is_int(cachefile_maintain(name, false, &what), -1, "no folder: trouble");
	ok(strstr(what, "folder") != NULL, "it says: %s", what);
}

static void
test_store_and_find(void)
{
	static const enum finding stored[] = {FINDING_EXISTS, FINDING_UNKNOWN, FINDING_REFUSED};
	static const enum finding never[] = {
	    FINDING_TEMPORARY, FINDING_POLICY, FINDING_AMBIGUOUS};
	char longest[CACHE_KEY_MAX + 1];
	struct cache cache;
	struct cache_entry got, entry;

	is_int(cache_open(&cache, path, 100), 0, "open");
	is_str(cache_reason(&cache), "", "nothing wrong");
	is_int(cache_find(&cache, KEY, strlen(KEY), &got), 0, "not there yet");
	for (size_t i = 0; i < 3; i++) {
		entry = sample(stored[i], 1000 + (int64_t)i);
		is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), 0, "store");
		is_int(cache_find(&cache, KEY, strlen(KEY), &got), 1, "find");
		ok(same(&got, &entry), "what comes back is what went in");
	}
	for (size_t i = 0; i < 3; i++) {
		entry = sample(never[i], 2000);
		is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), -1, "never stored");
		ok(*cache_reason(&cache) != '\0', "it says: %s", cache_reason(&cache));
	}
	entry = sample(FINDING_UNKNOWN, 2000);
	entry.code = 450;
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), -1, "unknown with 450: never");
	entry.code = 250;
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), -1, "unknown with 250: never");
	entry = sample(FINDING_EXISTS, 2000);
	entry.code = 550;
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), -1, "exists with 550: never");
	entry = sample(FINDING_EXISTS, 2000);
	memset(entry.text, 'x', sizeof(entry.text));
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), -1, "a text without end: never");
	is_int(
	    cache_find(&cache, KEY, strlen(KEY), &got), 1, "the last good one is still there");
	is_int(got.probed, 1002, "unchanged");

	entry = sample(FINDING_EXISTS, 3000);
	is_int(put(&cache, "a\0b@example.com", 15, &entry, LIMIT), 0, "a key with NUL");
	is_int(cache_find(&cache, "a\0b@example.com", 15, &got), 1, "is found");
	is_int(cache_find(&cache, "a\0c@example.com", 15, &got), 0, "and is not another");
	is_int(cache_find(&cache, "a", 1, &got), 0, "nor its beginning");
	is_int(put(&cache, "\xff\xfe'\n@x", 6, &entry, LIMIT), 0, "a key of odd bytes");
	is_int(cache_find(&cache, "\xff\xfe'\n@x", 6, &got), 1, "is found");
	memset(longest, 'k', sizeof(longest));
	is_int(put(&cache, longest, CACHE_KEY_MAX, &entry, LIMIT), 0, "the longest key");
	is_int(cache_find(&cache, longest, CACHE_KEY_MAX, &got), 1, "is found");
	is_int(put(&cache, longest, CACHE_KEY_MAX + 1, &entry, LIMIT), -1, "no longer one");
	is_int(cache_find(&cache, longest, CACHE_KEY_MAX + 1, &got), 0, "is there");
	is_int(cache_find(&cache, "", 0, &got), 0, "nor an empty one");
	memset(entry.text, 't', CACHE_TEXT_MAX);
	memset(entry.host, 'h', sizeof(entry.host) - 1);
	memset(entry.enhanced, '5', sizeof(entry.enhanced) - 1);
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), 0, "the longest texts");
	is_int(cache_find(&cache, KEY, strlen(KEY), &got), 1, "are found");
	ok(same(&got, &entry), "whole");
	cache_close(&cache);
	ok(count_is_right(), "the count of rows is right");
	ok(!exists(mark), "no mark of damage");
	ok(!exists(journal), "no journal left");
}

static void
test_eviction(void)
{
	char key[32];
	struct cache_entry entry;
	const char *reason;

	fresh();
	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "known%d@x", i);
		store(key, FINDING_EXISTS, i, 20);
		snprintf(key, sizeof(key), "unknown%d@x", i);
		store(key, i % 2 ? FINDING_UNKNOWN : FINDING_REFUSED, 100 - i, 20);
	}
	is_int(query("SELECT count(*) FROM account_cache"), 20,
	    "up to the limit nothing is dropped");
	store("known0@x", FINDING_EXISTS, 0, 20);
	is_int(query("SELECT count(*) FROM account_cache"), 20,
	    "nor by storing a known key again");
	store("new@x", FINDING_EXISTS, 50, 20);
	is_int(query("SELECT count(*) FROM account_cache"), 20, "past it one goes");
	is_int(find("unknown9@x", &entry, &reason), 0, "the unknown one asked longest ago");
	for (int i = 0; i < 9; i++) {
		snprintf(key, sizeof(key), "more%d@x", i);
		store(key, FINDING_EXISTS, 200 + i, 20);
	}
	is_int(query("SELECT count(*) FROM account_cache WHERE class <> 'exists'"), 0,
	    "then all the others that are not known");
	is_int(find("known0@x", &entry, &reason), 1, "before any known one");
	store("last@x", FINDING_UNKNOWN, 1, 20);
	is_int(find("last@x", &entry, &reason), 1, "the row just stored stays");
	is_int(find("known0@x", &entry, &reason), 0, "the oldest known one goes");
	ok(count_is_right(), "the count of rows is right");
	store("zero@x", FINDING_UNKNOWN, 1, 0);
	is_int(
	    query("SELECT count(*) FROM account_cache"), 1, "a limit of 0 leaves the last row");

	fresh();
	query("WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000)"
	      " INSERT INTO account_cache SELECT 'u' || x, 'unknown', 550, '', '', '', x, x, x "
	      "FROM c");
	query("UPDATE account_cache_count SET rows = 2000");
	store("new@x", FINDING_UNKNOWN, 50, 1000);
	is_int(
	    query("SELECT count(*) FROM account_cache"), 2001 - 64, "64 at most in one store");
	ok(count_is_right(), "the count of rows is right");
	is_int(query("SELECT count(*) FROM account_cache WHERE probed <= 64"), 1,
	    "those asked longest ago");
}

/* Each field of a row, changed behind our back. */
static void
test_damaged_rows(void)
{
	static const char *const changes[] = {
	    "class = 'exists'",
	    "class = 'unknown '",
	    "class = 'policy'",
	    "class = 5",
	    "class = 'a very long class it is'",
	    "class = x'756e6b6e6f776e'",
	    "code = 551",
	    "code = 250",
	    "code = 450",
	    "code = 'x'",
	    "code = -1",
	    "code = 9999999999",
	    "code = 550.5",
	    "enhanced = '5.1.2'",
	    "enhanced = 'far too long a code'",
	    "enhanced = x'00'",
	    "host = '192.0.2.2:25'",
	    "host = 'a' || char(0) || 'b'",
	    "host = '0123456789012345678901234567890123456789012345678901234567890123456789'",
	    "text = 'no such user.'",
	    "text = ''",
	    "text = 7.5",
	    "text = zeroblob(90000)",
	    "text = printf('%.*c', 99000, 'x')",
	    "probed = 1001",
	    "probed = 'soon'",
	    "probed = x'01'",
	    "expires = expires + 1",
	    "expires = 1e300",
	    "checksum = checksum + 1",
	    "checksum = 'none'",
	    "checksum = 0",
	    "enhanced = '', host = '5.1.1192.0.2.1:25'",
	};
	char sql[256];
	struct cache_entry entry;
	const char *reason, *what;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		fresh();
		store(KEY, FINDING_UNKNOWN, 1000, LIMIT);
		snprintf(sql, sizeof(sql), "UPDATE account_cache SET %s", changes[i]);
		query(sql);
		is_int(find(KEY, &entry, &reason), -1, changes[i]);
		ok(*reason != '\0' && exists(mark), "is marked: %s", reason);
		if (i % 8 == 0) {
			is_int(cachefile_maintain(path, false, &what), 0, "rcptbuild mends it");
			is_int(find(KEY, &entry, &reason), 0, "by removing the row");
			ok(!exists(mark), "and removes the mark");
		} else if (i % 8 == 1) {
			is_int(store(KEY, FINDING_UNKNOWN, 1000, LIMIT), 0,
			    "a new answer replaces it");
			is_int(find(KEY, &entry, &reason), 1, "and is found");
			is_int(cachefile_maintain(path, false, &what), 0, "nothing left to do");
			ok(!exists(mark), "but to remove the mark");
		}
	}
	fresh();
	store(KEY, FINDING_UNKNOWN, 1000, LIMIT);
	query("UPDATE account_cache SET address = 'other@example.com'");
	is_int(find("other@example.com", &entry, &reason), -1,
	    "a verdict does not move to another key");
}

static void
test_damaged_schema(void)
{
	static const char *const changes[] = {"PRAGMA user_version = 1",
	    "PRAGMA user_version = 3", "DROP TABLE account_cache",
	    "DROP TABLE account_cache_count",
	    "ALTER TABLE account_cache RENAME COLUMN code TO kode",
	    "DELETE FROM account_cache_count", "PRAGMA journal_mode = WAL",
	    ("CREATE TRIGGER t AFTER INSERT ON account_cache "
	     "BEGIN DELETE FROM account_cache; END"),
	    "DROP INDEX account_cache_order", "DROP TABLE memory",
	    "ALTER TABLE memory RENAME COLUMN until TO untl"};
	struct cache_entry entry;
	const char *reason, *what;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		fresh();
		store(KEY, FINDING_UNKNOWN, 1000, LIMIT);
		query(changes[i]);
		find(KEY, &entry, &reason);
		store("new@example.com", FINDING_UNKNOWN, 1000, LIMIT);
		ok(i > 6 || exists(mark), "%s: %s", changes[i], reason);
		ok(mended(&what), "rcptbuild makes it good");
		ok(count_is_right(), "with a right count");
	}
}

/* The file itself: cut, overwritten, replaced by something else. */
static void
test_damaged_file(void)
{
	static unsigned char good[1 << 17], bad[1 << 17];
	struct cache_entry entry, want = sample(FINDING_UNKNOWN, 1000);
	const char *reason, *what;
	size_t size;
	int found[3] = {0, 0, 0};
	bool right = true, always_mended = true;
	char key[32];

	fresh();
	for (int i = 0; i < 60; i++) {
		snprintf(key, sizeof(key), "user%02d@example.com", i);
		store(key, FINDING_UNKNOWN, 1000, LIMIT);
	}
	size = slurp(good, sizeof(good));
	ok(size > 16384 && size < sizeof(good), "a file of %zu bytes", size);
	for (size_t i = 0; i < size; i += i < 200 ? 1 : 5) {
		int result;

		memcpy(bad, good, size);
		bad[i] ^= (unsigned char)(1 << i % 8);
		spit(bad, size);
		result = find("user31@example.com", &entry, &reason);
		found[result + 1]++;
		right = right && (result != 1 || same(&entry, &want)) &&
		    (result != -1 || *reason != '\0');
		store("user32@example.com", FINDING_UNKNOWN, 1000, LIMIT);
		if (i % 131 == 0 || i < 100)
			always_mended = always_mended && mended(&what);
	}
	ok(right && found[0] > 0 && found[2] > 0,
	    "one bit changed anywhere: trouble %d, none %d, right %d, never a wrong answer",
	    found[0], found[1], found[2]);
	ok(always_mended, "rcptbuild makes it good each time");

	right = always_mended = true;
	for (size_t len = 0; len < size; len += len < 128 ? 17 : 1511) {
		int result;

		fresh();
		spit(good, len);
		result = find("user31@example.com", &entry, &reason);
		right = right && (result != 1 || same(&entry, &want));
		store("user32@example.com", FINDING_UNKNOWN, 1000, LIMIT);
		always_mended = always_mended && mended(&what);
	}
	ok(right, "cut anywhere: never a wrong answer");
	ok(always_mended, "rcptbuild makes it good each time");

	for (size_t i = 0; i < size; i++)
		bad[i] = (unsigned char)(i * 2654435761u >> 13);
	spit(bad, size);
	is_int(find(KEY, &entry, &reason), -1, "garbage");
	ok(exists(mark), "is marked: %s", reason);
	is_int(cachefile_maintain(path, false, &what), 1, "and replaced");
	ok(mended(&what), "and good again");
	memset(bad, 0, size);
	spit(bad, size);
	is_int(find(KEY, &entry, &reason), -1, "zeros");
	ok(mended(&what), "are made good");
	memcpy(bad, good, 100);
	memset(bad + 100, 0xff, size - 100);
	spit(bad, size);
	is_int(find(KEY, &entry, &reason), -1, "a good header and nothing else");
	ok(mended(&what), "is made good");
}

static void
test_odd_files(void)
{
	struct cache_entry entry;
	const char *reason, *what;
	char target[160];
	int fd;

	fresh();
	fd = open(journal, O_WRONLY | O_CREAT | O_CLOEXEC, 0660);
	ok(write(fd, "garbage that is no journal at all", 33) == 33, "a journal of garbage");
	close(fd);
	ok(find(KEY, &entry, &reason) != 1, "no answer from that");
	ok(mended(&what), "and good again");
	mkdir(journal, 0770);
	store(KEY, FINDING_UNKNOWN, 1000, LIMIT);
	is_int(find(KEY, &entry, &reason), -1, "a folder for a journal");
	ok(*reason != '\0', "it says: %s", reason);
	is_int(cachefile_maintain(path, false, &what), 1, "is removed");
	ok(mended(&what), "and good again");

	unlink(path);
	fd = open(journal, O_WRONLY | O_CREAT | O_CLOEXEC, 0660);
	close(fd);
	ok(mended(&what), "a journal without its database is removed");

	unlink(path);
	mkdir(path, 0770);
	is_int(find(KEY, &entry, &reason), -1, "a folder for a database");
	ok(*reason != '\0', "it says: %s", reason);
	is_int(cachefile_maintain(path, false, &what), -1, "is not ours to remove");
	ok(*what != '\0', "it says: %s", what);
	rmdir(path);

	fresh();
	snprintf(target, sizeof(target), "%s/elsewhere", folder);
	ok(rename(path, target) == 0 && symlink(target, path) == 0,
	    "a link in place of the cache");
	is_int(cachefile_maintain(path, true, &what), -1,
	    "rcptbuild, which may be root, shuns it");
	unlink(path);
	unlink(target);

	fresh();
	query("PRAGMA journal_mode = WAL");
	find(KEY, &entry, &reason);
	ok(strstr(reason, "journal mode") != NULL, "WAL: %s", reason);
	is_int(cachefile_maintain(path, false, &what), 1, "is set back");
	ok(mended(&what), "and good again");
}

/* As somebody whom the modes of files bind, which they do not for root. */
static int
as_nobody(int (*test)(void))
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1))
			_exit(99);
		_exit(test());
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
try_find_and_store(void)
{
	struct cache cache;
	struct cache_entry entry = sample(FINDING_EXISTS, 7);
	int result = 0;

	if (cache_open(&cache, path, 100) == -1)
		result |= strstr(cache_reason(&cache), "denied") != NULL ? 8 : 4;
	else if (cache_find(&cache, KEY, strlen(KEY), &entry) == 1)
		result |= 1;
	if (put(&cache, KEY, strlen(KEY), &entry, LIMIT) == 0)
		result |= 2;
	else if (*cache_reason(&cache) == '\0')
		result |= 16;
	cache_close(&cache);
	return result;
}

static int
with_a_full_disk(void)
{
	struct rlimit limit = {512, 512};
	int result;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	result = try_find_and_store();
	return result;
}

static void
test_permissions(void)
{
	struct cache_entry entry;
	const char *reason, *what;

	fresh();
	store(KEY, FINDING_EXISTS, 1000, LIMIT);
	chmod(folder, 0755);
	chmod(path, 0444);
	if (geteuid() != 0)
		chmod(folder, 0555);
	is_int(
	    as_nobody(try_find_and_store), 1, "a read-only cache answers and stores nothing");
	chmod(folder, 0777);
	is_int(as_nobody(try_find_and_store), 1, "the same in a folder we may write to");
	chmod(path, 0);
	is_int(as_nobody(try_find_and_store), 8, "an unreadable one: permission denied");
	chmod(path, 0666);
	chmod(folder, 0555);
	is_int(as_nobody(try_find_and_store), 1,
	    "no place for a journal: answers, stores nothing");
	chmod(folder, 0777);
	is_int(as_nobody(with_a_full_disk), 1, "no room: answers, stores nothing");
	is_int(find(KEY, &entry, &reason), 1, "what was there is still there");
	is_int(as_nobody(try_find_and_store), 3, "with all rights: both");
	chmod(folder, 0700);
	is_int(cachefile_maintain(path, true, &what), 0, "no harm was done");
}

static void
test_locks(void)
{
	sqlite3 *db = NULL;
	struct cache cache;
	struct cache_entry entry = sample(FINDING_EXISTS, 7);
	int64_t start;

	fresh();
	store(KEY, FINDING_EXISTS, 1000, LIMIT);
	is_int(cache_open(&cache, path, 60), 0, "open");
	sqlite3_open(path, &db);
	sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
	start = deadline_now();
	is_int(cache_find(&cache, KEY, strlen(KEY), &entry), -1, "find while another writes");
	ok(deadline_now() - start >= 59 && deadline_now() - start < 160,
	    "waits 60 ms, not more");
	ok(strstr(cache_reason(&cache), "locked") != NULL, "it says: %s", cache_reason(&cache));
	cache_set_busy(&cache, 0);
	start = deadline_now();
	entry = sample(FINDING_EXISTS, 7);
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), -1, "store while another writes");
	ok(deadline_now() - start < 60, "with no wait");
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);

	sqlite3_exec(db, "BEGIN; SELECT * FROM account_cache", NULL, NULL, NULL);
	cache_set_busy(&cache, 50);
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), -1, "store while another reads");
	is_int(cache_find(&cache, KEY, strlen(KEY), &entry), 1, "reading beside it works");
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), 0, "then it works");
	ok(!exists(mark), "a lock is no damage");
	sqlite3_close(db);
	cache_close(&cache);
}

static void
test_memory(void)
{
	struct cache cache;
	struct cache_entry got, want = sample(FINDING_EXISTS, 1000);
	int found = 0, stored = 0, limit = 0;
	bool right = true;

	fresh();
	store(KEY, FINDING_EXISTS, 1000, LIMIT);
	for (; limit < 5000 && stored != 1; limit++) {
		struct cache_entry entry = want;

		allocations_left = limit;
		found = stored = -1;
		if (cache_open(&cache, path, 100) == 0) {
			found = cache_find(&cache, KEY, strlen(KEY), &got);
			right = right && (found == -1 || (found == 1 && same(&got, &want)));
			stored = put(&cache, KEY, strlen(KEY), &entry, LIMIT) == 0;
		}
		right = right &&
		    (stored == 1 || strcmp(cache_reason(&cache), "out of memory") == 0);
		cache_close(&cache);
		allocations_left = INT_MAX;
	}
	ok(right && found == 1 && stored == 1,
	    "without memory: trouble, never another answer (%d)", limit);
	ok(!exists(mark), "nothing is marked");
}

static int
worker(int number, int rounds)
{
	struct cache cache;
	struct cache_entry got, entry;
	char key[40];
	int failed = 0;

	for (int i = 0; i < rounds; i++) {
		snprintf(key, sizeof(key), "user%d@host%d.example", i, number);
		entry = sample(FINDING_UNKNOWN, number * 1000 + i);
		if (cache_open(&cache, path, 30000) == -1 ||
		    put(&cache, key, strlen(key), &entry, LIMIT) == -1 ||
		    cache_find(&cache, key, strlen(key), &got) != 1 || !same(&got, &entry))
			failed = 1;
		cache_close(&cache);
	}
	return failed;
}

static void
test_many_at_once(void)
{
	enum { WORKERS = 100, ROUNDS = 10 };
	pid_t children[WORKERS];
	int failed = 0, status;

	fresh();
	for (int i = 0; i < WORKERS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(worker(i, ROUNDS));
	}
	for (int i = 0; i < WORKERS; i++) {
		waitpid(children[i], &status, 0);
		failed += status != 0;
	}
	is_int(failed, 0, "100 at once store and find");
	is_int(
	    query("SELECT rows FROM account_cache_count"), WORKERS * ROUNDS, "nothing is lost");
	ok(count_is_right() && !exists(mark), "the count is right, nothing is marked");
}

static void
test_kill(void)
{
	enum { WRITERS = 4, ROUNDS = 60 };
	pid_t children[WRITERS];
	struct timespec pause = {0, 0};
	struct cache_entry entry;
	const char *reason, *what;
	int failed = 0, journals = 0;

	fresh();
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < WRITERS; i++) {
			children[i] = fork();
			if (children[i] == 0)
				_exit(worker(i, 100000));
		}
		pause.tv_nsec = 3000000 + round * 211111;
		nanosleep(&pause, NULL);
		for (int i = 0; i < WRITERS; i++)
			kill(children[i], SIGKILL);
		for (int i = 0; i < WRITERS; i++)
			waitpid(children[i], NULL, 0);
		journals += exists(journal);
		if (store(KEY, FINDING_UNKNOWN, round, LIMIT) == -1 ||
		    find(KEY, &entry, &reason) != 1 || entry.probed != round)
			failed++;
	}
	is_int(failed, 0, "after kill -9 the cache is usable each time");
	ok(count_is_right() && !exists(mark), "its count is right, nothing is marked");
	is_int(cachefile_maintain(path, true, &what), 0, "a thorough check finds nothing");
	printf("# %d of %d rounds left a journal\n", journals, ROUNDS);
}

static void
test_maintainers(void)
{
	enum { RUNS = 20 };
	struct cache_entry entry;
	const char *reason, *what;
	int status, failed = 0, made = 0;

	fresh();
	unlink(path);
	for (int i = 0; i < RUNS; i++) {
		if (fork() == 0) {
			for (int k = 0; k < 20; k++) {
				if (cachefile_maintain(path, true, &what) == 1)
					made++;
			}
			_exit(made);
		}
	}
	made = 0;
	while (wait(&status) > 0) {
		failed += !WIFEXITED(status);
		made += WEXITSTATUS(status);
	}
	is_int(failed, 0, "20 maintainers at once");
	is_int(made, 1, "one of them makes the cache");
	is_int(store(KEY, FINDING_EXISTS, 1, LIMIT), 0, "it works");
	is_int(find(KEY, &entry, &reason), 1, "and finds");
}

static void
test_kill_maintainer(void)
{
	struct timespec pause = {0, 0};
	const char *what;
	pid_t child;
	int failed = 0;

	for (int round = 0; round < 40; round++) {
		fresh();
		if (round % 4 == 0)
			unlink(path);
		else
			spit("garbage of a length that is no multiple of a page", 49);
		child = fork();
		if (child == 0)
			_exit(cachefile_maintain(path, false, &what));
		pause.tv_nsec = 150000 + round * 60000;
		nanosleep(&pause, NULL);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		failed += !mended(&what);
	}
	is_int(
	    failed, 0, "a killed maintainer leaves nothing that the next one cannot make good");
}

/* A process that has the database open goes on with it when rcptbuild has emptied it. */
static void
test_reset_under_use(void)
{
	struct cache cache;
	struct cache_entry entry = sample(FINDING_EXISTS, 7), got;
	const char *what;

	fresh();
	is_int(cache_open(&cache, path, 1000), 0, "open");
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), 0, "store");
	query("UPDATE account_cache SET code = 251");
	is_int(cache_find(&cache, KEY, strlen(KEY), &got), -1, "damaged");
	if (fork() == 0)
		_exit(cachefile_maintain(path, false, &what) == 1 ? 0 : 1);
	is_int((wait(&(int){0}), exists(mark)), 0, "another process empties it");
	is_int(cache_find(&cache, KEY, strlen(KEY), &got), 0, "the first one finds it empty");
	is_int(put(&cache, KEY, strlen(KEY), &entry, LIMIT), 0, "and stores");
	is_int(cache_find(&cache, KEY, strlen(KEY), &got), 1, "and finds");
	cache_close(&cache);
	is_int(cachefile_maintain(path, true, &what), 0, "and all is well");
}

static void
test_sweep(void)
{
	struct cache_entry entry;
	const char *reason, *what;
	int64_t now = (int64_t)time(NULL);
	char name[192];

	fresh();
	snprintf(name, sizeof(name), "%s%s", path, CACHESTAMP_NAME);
	store("old@x", FINDING_UNKNOWN, now - 8 * 86400, LIMIT);
	store("oldknown@x", FINDING_EXISTS, now - 8 * 86400, LIMIT);
	store("stale@x", FINDING_UNKNOWN, now - 6 * 86400, LIMIT);
	store("new@x", FINDING_EXISTS, now, LIMIT);
	cachefile_maintain(path, false, &what);
	is_int(find("old@x", &entry, &reason), 1, "old rows go at most once an hour");
	unlink(name);
	is_int(cachefile_maintain(path, false, &what), 0, "then");
	is_int(find("old@x", &entry, &reason), 0, "an old no goes");
	is_int(find("oldknown@x", &entry, &reason), 0, "an old yes goes");
	is_int(find("stale@x", &entry, &reason), 1, "an expired no stays for seven days");
	is_int(find("new@x", &entry, &reason), 1, "a fresh one stays");
	ok(count_is_right(), "the count is right");
	query("UPDATE account_cache_count SET rows = 77");
	is_int(cachefile_maintain(path, false, &what), 0, "a wrong count");
	ok(count_is_right(), "is put right");
}

int
main(void)
{
	snprintf(folder, sizeof(folder), "/tmp/rcptcheck-cache.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 111;
	snprintf(path, sizeof(path), "%s/verdicts.db", folder);
	snprintf(mark, sizeof(mark), "%s%s", path, CACHE_DAMAGED);
	snprintf(journal, sizeof(journal), "%s-journal", path);
	make_memory_scarce();
	test_create();
	test_store_and_find();
	test_eviction();
	test_damaged_rows();
	test_damaged_schema();
	test_damaged_file();
	test_odd_files();
	test_permissions();
	test_locks();
	test_memory();
	test_many_at_once();
	test_kill();
	test_maintainers();
	test_kill_maintainer();
	test_reset_under_use();
	test_sweep();
	fresh();
	remove_cache(folder);
	return tap_done();
}
