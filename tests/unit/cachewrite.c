/*
 * Changes of the cache as transactions: all of one or nothing of it, and the count of rows
 * right in any case.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cachetest.h"
#include "tap.h"

#define LIMIT 1000

static char path[CACHETEST_PATH];
static struct cache cache;

static void
store(const char *key, enum finding finding, int64_t probed)
{
	struct cache_entry entry = sample(finding, probed);

	if (put(&cache, key, strlen(key), &entry, LIMIT) == -1)
		ok(false, "store %s: %s", key, cache_reason(&cache));
}

static int
find(const char *key)
{
	struct cache_entry entry;

	return cache_find(&cache, key, strlen(key), &entry);
}

/* The rows there are, or -1 when the count of them is wrong. */
static int
rows(void)
{
	sqlite3_stmt *statement;
	int counted, real;

	sqlite3_prepare_v2(cache.db,
	    "SELECT (SELECT rows FROM account_cache_count), (SELECT count(*) FROM "
	    "account_cache)",
	    -1, &statement, NULL);
	sqlite3_step(statement);
	counted = sqlite3_column_int(statement, 0);
	real = sqlite3_column_int(statement, 1);
	sqlite3_finalize(statement);
	return counted == real ? real : -1;
}

static void
test_end(void)
{
	struct cache_entry entry = sample(FINDING_EXISTS, 1000), bad = entry;

	bad.code = 550;
	is_int(cachewrite_begin(&cache), 0, "begin");
	is_int(cachewrite_put(&cache, "a@x", 3, &entry, LIMIT), 0, "put one");
	is_int(cachewrite_put(&cache, "b@x", 3, &entry, LIMIT), 0, "put another");
	is_int(find("a@x"), 1, "they are there for us");
	is_int(cachewrite_end(&cache, false), -1, "not all went well");
	ok(find("a@x") == 0 && find("b@x") == 0 && rows() == 0, "nothing of it was written");

	cachewrite_begin(&cache);
	cachewrite_put(&cache, "a@x", 3, &entry, LIMIT);
	is_int(cachewrite_put(&cache, "b@x", 3, &bad, LIMIT), -1, "an entry that is refused");
	is_str(cache_reason(&cache), "reply code that does not fit the class", "says why");
	is_int(cachewrite_end(&cache, false), -1, "then nothing");
	is_str(
	    cache_reason(&cache), "reply code that does not fit the class", "still says why");
	is_int(rows(), 0, "was written");

	cachewrite_begin(&cache);
	cachewrite_put(&cache, "a@x", 3, &entry, LIMIT);
	cachewrite_put(&cache, "b@x", 3, &entry, LIMIT);
	is_int(cachewrite_end(&cache, true), 0, "all went well");
	ok(find("a@x") == 1 && find("b@x") == 1 && rows() == 2, "and both are there");
	cachewrite_begin(&cache);
	is_int(cachewrite_end(&cache, true), 0, "a transaction of nothing");
}

static void
test_drop(void)
{
	cachewrite_begin(&cache);
	is_int(cachewrite_drop(&cache, "a@x", 3), 0, "drop one");
	is_int(cachewrite_drop(&cache, "none@x", 6), 0, "and one that is not there");
	is_int(cachewrite_end(&cache, true), 0, "end");
	ok(find("a@x") == 0 && find("b@x") == 1 && rows() == 1, "one is left, and counted");
	cachewrite_begin(&cache);
	cachewrite_drop(&cache, "b@x", 3);
	cachewrite_end(&cache, false);
	ok(find("b@x") == 1 && rows() == 1, "a drop that is undone");
}

static void
test_drop_noes(void)
{
	static const char *const kept[] = {"yes@example.com", "before@example.com",
	    "no@sub.example.com", "no@anexample.com", "no@example.org", "no@example.com.test",
	    "example.com@example.org", "b@x"};
	static const char *const gone[] = {"no@example.com", "since@example.com",
	    "refused@example.com", "a@b@example.com", "\xc3\xbc@example.com"};
	int left = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) - 1; i++)
		store(kept[i], i == 0 ? FINDING_EXISTS : FINDING_UNKNOWN, i == 1 ? 999 : 2000);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		store(
		    gone[i], i == 2 ? FINDING_REFUSED : FINDING_UNKNOWN, i == 1 ? 1000 : 2000);
	is_int(rows(), 13, "rows of some domains");
	cachewrite_begin(&cache);
	is_int(
	    cachewrite_drop_noes(&cache, "example.com", 1000), 0, "drop what was said no to");
	is_int(
	    cachewrite_drop_noes(&cache, "example.com", 1000), 0, "again: nothing left to do");
	is_int(cachewrite_end(&cache, true), 0, "end");
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		left += find(gone[i]);
	is_int(left, 0, "each no of the domain since then is gone");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		ok(find(kept[i]) == 1, "%s is still there", kept[i]);
	is_int(rows(), 8, "and the count is right");
}

static void
test_refusal(void)
{
	struct cache_entry entry = sample(FINDING_EXISTS, 7);
	struct cache other;

	is_int(cache_open(&other, path, 0), 0, "open it once more");
	cachewrite_begin(&cache);
	is_int(cachewrite_begin(&other), -1, "two cannot write at once");
	ok(strstr(cache_reason(&other), "locked") != NULL, "it says: %s", cache_reason(&other));
	cachewrite_end(&cache, true);
	is_int(put(&other, "c@x", 3, &entry, LIMIT), 0, "one after the other they can");
	cache_close(&other);
	is_int(cachewrite_begin(&other), -1, "but not when it is closed");
}

int
main(void)
{
	char folder[] = "/tmp/rcptcheck-cachewrite.XXXXXX";

	begin_cache(&cache, folder, path);
	test_end();
	test_drop();
	test_drop_noes();
	test_refusal();
	end_cache(&cache, folder, path);
	return tap_done();
}
