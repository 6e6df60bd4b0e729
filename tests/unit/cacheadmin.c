/*
 * The administrator's view of the cache: keys of any bytes, batches, locks, texts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rcpt/cacheadmin.h"
#include "rcpt/cacheforget.h"
#include "rcpt/cachetext.h"
#include "cachetest.h"
#include "tap.h"

static char folder[64], path[CACHETEST_PATH];
static struct cache cache;

static int
store(const char *key, size_t len, enum finding finding, int64_t probed)
{
	struct cache_entry entry = sample(finding, probed);

	return put(&cache, key, len, &entry, 100000);
}

struct walk {
	int rows, stop_after;
	char last[CACHE_KEY_MAX + 1];
	bool ascending, stored;
};

static int
take(void *arg, const struct cacheadmin_row *row)
{
	struct walk *walk = arg;
	char key[CACHE_KEY_MAX + 1];

	memcpy(key, row->key, row->key_len);
	key[row->key_len] = '\0';
	walk->ascending = walk->ascending && strcmp(walk->last, key) < 0;
	memcpy(walk->last, key, sizeof(key));
	walk->rows++;
	if (walk->rows == 3) {
		/* Another connection writes: there must be no lock. */
		struct cache other;
		struct cache_entry entry = sample(FINDING_EXISTS, 9);

		walk->stored = cache_open(&other, path, 0) == 0 &&
		    put(&other, "zz@z", 4, &entry, 100000) == 0;
		cache_close(&other);
	}
	return walk->rows == walk->stop_after;
}

static void
test_walk(void)
{
	struct walk walk = {.ascending = true};
	char key[40];

	for (int i = 0; i < 600; i++) {
		snprintf(key, sizeof(key), "user%d@%s", i,
		    i % 3 == 0 ? "example.com" : "example.org");
		store(key, strlen(key), FINDING_UNKNOWN, 1000);
	}
	is_int(cacheadmin_each(&cache, NULL, take, &walk), 1, "walk through all");
	is_int(walk.rows, 601, "601 rows, one stored on the way");
	ok(walk.ascending, "in order, each once");
	ok(walk.stored, "and no lock is held");
	walk = (struct walk){.ascending = true};
	is_int(cacheadmin_each(&cache, "EXAMPLE.com", take, &walk), 1, "walk through a domain");
	is_int(walk.rows, 200, "200 rows");
	walk = (struct walk){.ascending = true, .stop_after = 5};
	is_int(cacheadmin_each(&cache, NULL, take, &walk), 1, "stop early");
	is_int(walk.rows, 5, "after 5 rows");
	is_int(cacheadmin_each(&cache, "example.net", take, &walk), 0, "no such domain");
}

static void
test_odd_keys(void)
{
	struct cacheadmin_row row;
	struct line line;
	char longest[CACHE_KEY_MAX + 1];
	int64_t removed;

	memset(longest, 0xff, sizeof(longest));
	longest[CACHE_KEY_MAX - 3] = '@';
	is_int(store("a\0b@odd.example", 15, FINDING_UNKNOWN, 1), 0, "store a key with NUL");
	is_int(store(longest, CACHE_KEY_MAX, FINDING_UNKNOWN, 1), 0, "store the longest key");
	is_int(
	    cacheadmin_find(&cache, "a\0b@Odd.example", 15, &row), 1, "find the one with NUL");
	cachetext_row(&line, &row, 100);
	ok(strncmp(line.text, "address=a\\x00b@odd.example class=unknown ", 40) == 0, "%s",
	    line.text);
	is_int(cacheadmin_find(&cache, longest, CACHE_KEY_MAX, &row), 1, "find the longest");
	is_int(cacheadmin_find(&cache, longest, CACHE_KEY_MAX + 1, &row), 0, "no longer one");
	cachetext_row(&line, &row, 100);
	ok(strlen(line.text) < LINE_SIZE, "its line is cut");
	is_int(cacheadmin_find(&cache, "", 0, &row), 0, "find nothing");
	is_int(cacheadmin_find(&cache, "nodomain", 8, &row), 0, "find without a domain");
	is_int(cacheforget_domain(&cache, "odd.example", &removed), 0, "forget a domain");
	is_int(removed, 1, "of the key with NUL");
	is_int(cacheforget(&cache, longest, CACHE_KEY_MAX, &removed), 0, "forget the longest");
	is_int(removed, 1, "is gone");
	is_int(cacheforget(&cache, longest, CACHE_KEY_MAX, &removed), 0, "forget it again");
	is_int(removed, 0, "nothing to remove");
}

static void
test_texts(void)
{
	struct cacheadmin_row row = {.key = "a@b", .key_len = 3};
	struct line line;

	row.entry = sample(FINDING_EXISTS, 1000);
	is_int(cachetext_explain(&line, 3, &row, 2000), true, "the fourth line");
	is_str(line.text, "reply    250 5.1.1 no such user", "is the reply");
	row.entry.enhanced[0] = row.entry.text[0] = '\0';
	cachetext_explain(&line, 3, &row, 2000);
	is_str(line.text, "reply    250", "also a bare one");
	cachetext_explain(&line, 5, &row, 1000 + 2 * 86400 + 3 * 3600 + 59);
	is_str(line.text, "asked    1970-01-01T00:16:40Z (2d 3h ago)", "days and hours");
	cachetext_explain(&line, 5, &row, 1012);
	is_str(line.text, "asked    1970-01-01T00:16:40Z (12s ago)", "seconds");
	cachetext_explain(&line, 5, &row, 1000);
	is_str(line.text, "asked    1970-01-01T00:16:40Z (0s ago)", "now");
	cachetext_explain(&line, 6, &row, 1000);
	is_str(line.text, "expires  1970-01-01T01:16:40Z (in 1h)", "a time to come");
	row.entry.expires = INT64_MAX;
	cachetext_explain(&line, 6, &row, 1000);
	is_str(line.text, "expires  never", "a time past all calendars");
	row.entry.expires = INT64_MIN;
	cachetext_explain(&line, 6, &row, 1000);
	is_str(line.text, "expires  never", "and one before them");
	is_int(cachetext_explain(&line, 7, &row, 1000), false, "no eighth line");
	row.damage = "a row with a bad class";
	is_int(cachetext_explain(&line, 3, &row, 1000), true, "a damaged row");
	is_str(line.text, "damage   a row with a bad class", "says so");
	is_int(cachetext_explain(&line, 4, &row, 1000), false, "and no more");
}

static void
test_stats(void)
{
	struct cacheadmin_stats stats = {0};
	struct cacheadmin_domain top[CACHEADMIN_TOP];
	struct line line;
	size_t count;
	int64_t removed;

	is_int(cacheadmin_stats(&cache, NULL, 4600, &stats), 1, "counts");
	cachetext_stats(&line, 0, &stats);
	is_str(line.text, "rows=601 exists=1 unknown=600 refused=0 damaged=0", "by class");
	cachetext_stats(&line, 1, &stats);
	is_str(line.text,
	    "fresh=0 expired=601 oldest=1970-01-01T00:00:09Z newest=1970-01-01T00:16:40Z",
	    "by state");
	is_int(cachetext_stats(&line, 2, &stats), false, "two lines");
	is_int(cacheadmin_top(&cache, NULL, top, &count), 0, "top");
	is_int((long long)count, 3, "three domains");
	is_str(top[0].name, "example.org", "the largest first");
	is_int(top[0].rows, 400, "with its rows");
	is_int(cacheforget_expired(&cache, NULL, 4000, &removed), 0, "purge");
	is_int(removed, 1, "what has expired");
	is_int(cacheforget_domain(&cache, NULL, &removed), 0, "forget all");
	is_int(removed, 600, "is all");
	is_int(cacheadmin_stats(&cache, NULL, 4600, &stats), 0, "nothing is left");
}

int
main(void)
{

	snprintf(folder, sizeof(folder), "/tmp/rcptcheck-cacheadmin.XXXXXX");
	begin_cache(&cache, folder, path);
	is_int(cacheadmin_start(&cache), 0, "start");
	test_walk();
	test_odd_keys();
	test_texts();
	test_stats();
	end_cache(&cache, folder, path);
	return tap_done();
}
