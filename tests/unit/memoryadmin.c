/*
 * What is remembered besides verdicts, as its administrator sees it: all of it in order, or
 * that of a domain, however much it is; and what is forgotten is that and no more.
 */
#include "rcpt/memoryadmin.h"

#include <stdlib.h>

#include "cachetest.h"
#include "tap.h"

static char path[CACHETEST_PATH];
static struct cache cache;

static void
remember(const char *subject, const char *text)
{
	struct memory memory = {.state = MEMORY_DOWN, .count = 1, .since = 2, .until = 3};

	snprintf(memory.text, sizeof(memory.text), "%s", text);
	memory_put(&cache, subject, &memory);
}

struct walk {
	int rows, stop_after, damaged;
	bool ascending;
	char last[MEMORY_SUBJECT_SIZE];
};

static int
take(void *arg, const struct memoryadmin_row *row)
{
	struct walk *walk = arg;

	walk->ascending =
	    walk->rows == 0 || (walk->ascending && strcmp(walk->last, row->subject) < 0);
	memcpy(walk->last, row->subject, sizeof(walk->last));
	walk->damaged += row->damage != NULL;
	return ++walk->rows == walk->stop_after;
}

static struct walk
walk_through(const char *domain, int stop_after, int want)
{
	struct walk walk = {.stop_after = stop_after};

	is_int(memoryadmin_each(&cache, domain, take, &walk), want, "walk");
	return walk;
}

/* Forgets a domain, or an address that has an "@". Returns how many rows went. */
static int
forget(const char *what)
{
	int64_t removed;
	int result;

	cachewrite_begin(&cache);
	if (what != NULL && strchr(what, '@') != NULL)
		result = memoryadmin_forget_good(&cache, what, strlen(what), &removed);
	else
		result = memoryadmin_forget(&cache, what, &removed);
	return cachewrite_end(&cache, result == 0) == -1 ? -1 : (int)removed;
}

static void
test_each(void)
{
	char subject[64];
	struct walk walk;

	walk_through(NULL, 0, 0);
	cachewrite_begin(&cache);
	for (int i = 0; i < 200; i++) {
		snprintf(subject, sizeof(subject), MEMORY_CATCH_ALL "192.0.2.%d:25 %s", i,
		    i % 2 ? "example.com" : "an.example.com");
		remember(subject, "");
	}
	remember(MEMORY_DOMAIN "example.com", "user@example.com");
	remember(MEMORY_DOMAIN "example.org", "'user@example.org'");
	remember(MEMORY_SERVER "example.com", "no domain");
	cachewrite_end(&cache, true);
	walk = walk_through(NULL, 0, 1);
	ok(walk.rows == 203 && walk.ascending, "all, in order");
	walk = walk_through("example.com", 0, 1);
	ok(walk.rows == 101 && walk.ascending, "of a domain");
	is_int(walk_through("Example.COM", 0, 1).rows, 101, "in any case");
	is_int(walk_through("com", 0, 0).rows, 0, "nothing of another");
	is_int(walk_through("%", 0, 0).rows, 0, "nor of a pattern");
	is_int(walk_through(NULL, 64, 1).rows, 64, "an early end");

	sqlite3_exec(cache.db,
	    "UPDATE memory SET count = 'x' WHERE subject = 'domain example.com';"
	    "INSERT INTO memory VALUES (x'ff', '', 0, 0, 0, 0, '', 0);"
	    "INSERT INTO memory VALUES (printf('%.*c', 9999, 'x'), '', 0, 0, 0, 0, '', 0);",
	    NULL, NULL, NULL);
	walk = walk_through(NULL, 0, 1);
	ok(walk.rows == 203 && walk.damaged == 1, "a damaged row is one");
	ok(!cache.damaged, "and leaves no mark");
}

static void
test_forget(void)
{
	is_int(forget("example.net"), 0, "nothing to forget");
	is_int(forget("Example.com"), 101, "a domain");
	is_int(walk_through("example.com", 0, 0).rows, 0, "is forgotten");
	is_int(walk_through(NULL, 0, 1).rows, 102, "and no other");
	is_int(forget(NULL), 104, "all, what nobody can see too");
	walk_through(NULL, 0, 0);

	cachewrite_begin(&cache);
	remember(MEMORY_DOMAIN "example.com", "\"a b\"@example.com");
	remember(MEMORY_DOMAIN "example.org", "user@example.org");
	cachewrite_end(&cache, true);
	is_int(forget("user@example.com"), 0, "an address that is not the good one");
	is_int(forget("a b@EXAMPLE.com"), 1, "the one that is, however it is written");
	is_int(forget("USER@example.org"), 1, "in whatever case");
	is_int(forget("user@example.org"), 0, "once");
	is_int(forget("@"), 0, "what is no address");
}

int
main(void)
{
	char folder[] = "/tmp/rcptcheck-memoryadmin.XXXXXX";

	begin_cache(&cache, folder, path);
	test_each();
	test_forget();
	cache_close(&cache);
	remove_cache(folder);
	return tap_done();
}
