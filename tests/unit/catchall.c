/*
 * Servers that accept any address: what it takes to count as one, how long each answer holds,
 * what is forgotten, and the mailbox that nobody has.
 */
#include "rcpt/catchall.h"

#include <stdlib.h>

#include "cachetest.h"
#include "tap.h"

#define NOW    1700000000
#define HOUR   3600
#define DAY    86400
#define SERVER "192.0.2.1:25"
#define OTHER  "192.0.2.2:25"

static char path[CACHETEST_PATH];
static struct cache cache;

static int
learn_at(const char *server, const char *domain, const char *key, bool unknown,
    enum inquiry_catch_all answer, int64_t now)
{
	struct catchall_lesson lesson = {key, strlen(key), unknown, answer};
	int result;

	if (cachewrite_begin(&cache) == -1)
		return -1;
	result = catchall_learn(&cache, server, domain, &lesson, now);
	return cachewrite_end(&cache, result != -1) == -1 ? -1 : result;
}

/* After a "yes" to the key: what was said of nobody. */
static int
learn(const char *key, enum inquiry_catch_all answer, int64_t now)
{
	return learn_at(SERVER, "a.test", key, false, answer, now);
}

static int
learn_unknown(bool unknown, int64_t now)
{
	return learn_at(SERVER, "a.test", "x@a.test", unknown, CATCH_ALL_NOT_ASKED, now);
}

/* "ask", "yes", "no" or "unclear". */
static const char *
known_at(const char *server, const char *domain, int64_t now)
{
	static const char *const names[] = {
	    [CATCH_ALL_NOT_ASKED] = "ask",
	    [CATCH_ALL_YES] = "yes",
	    [CATCH_ALL_NO] = "no",
	    [CATCH_ALL_UNCLEAR] = "unclear",
	};
	struct catchall found;

	memset(&found, 0x5a, sizeof(found));
	if (catchall_find(&cache, server, domain, now, &found) == -1)
		return cache_reason(&cache);
	return names[found.answer];
}

static const char *
known(int64_t now)
{
	return known_at(SERVER, "a.test", now);
}

static int64_t
since(int64_t now)
{
	struct catchall found = {CATCH_ALL_NOT_ASKED, -1};

	catchall_find(&cache, SERVER, "a.test", now, &found);
	return found.since;
}

static void
forget_all(void)
{
	if (sqlite3_exec(cache.db, "DELETE FROM memory", NULL, NULL, NULL) != SQLITE_OK)
		ok(false, "forget: %s", sqlite3_errmsg(cache.db));
}

static void
test_yes(void)
{
	is_str(known(NOW), "ask", "nothing is known yet");
	is_int(since(NOW), 0, "nor since when");
	is_int(learn("x@a.test", CATCH_ALL_YES, NOW), 0, "a yes to nobody behind one address");
	is_str(known(NOW), "ask", "is not enough");
	is_int(since(NOW), 0, "and no catch-all");
	is_int(learn("x@a.test", CATCH_ALL_YES, NOW + 1), 0, "nor is another behind the same");
	is_str(known(NOW + 1), "ask", "address");
	is_int(learn("xx@a.test", CATCH_ALL_YES, NOW + 2), 1, "behind another it is");
	is_str(known(NOW + 2), "yes", "and known from then on");
	is_int(since(NOW + 2), NOW + 2, "with the time");
	is_str(known_at(OTHER, "a.test", NOW + 2), "ask", "of no other server");
	is_str(known_at(SERVER, "b.test", NOW + 2), "ask", "of no other domain");
	is_str(known_at(SERVER, "a.tes", NOW + 2), "ask", "nor one of a like name");
	is_str(known(NOW + 2 + DAY - 1), "yes", "it holds for a day");
	is_str(known(NOW + 2 + DAY), "ask", "and no longer");
	is_int(since(NOW + 2 + DAY), NOW + 2, "that there was one is known all the same");
	is_str(known(NOW), "ask", "a clock that was set back proves nothing");
	is_int(
	    learn("y@a.test", CATCH_ALL_YES, NOW + 2 * DAY), 1, "then one more yes is enough");
	is_str(known(NOW + 2 * DAY), "yes", "for another day");
	is_int(learn_unknown(false, NOW + 2 * DAY), 0, "what does not ask for nobody");
	is_str(known(NOW + 2 * DAY), "yes", "changes nothing");
}

static void
test_maybe(void)
{
	forget_all();
	learn("x@a.test", CATCH_ALL_YES, NOW);
	is_int(learn("y@a.test", CATCH_ALL_YES, NOW + 7 * DAY), 0,
	    "the first yes is worth nothing behind a week");
	is_int(
	    learn("x@a.test", CATCH_ALL_YES, NOW + 7 * DAY + 1), 1, "the second is the first");
	forget_all();
	learn("x@a.test", CATCH_ALL_YES, NOW + 10);
	is_int(learn("y@a.test", CATCH_ALL_YES, NOW), 0,
	    "nor is one of a clock that was set back");
	is_str(known(NOW), "ask", "so it is asked again");
}

static void
test_no(void)
{
	struct memory memory;

	forget_all();
	learn("x@a.test", CATCH_ALL_YES, NOW);
	is_int(learn("y@a.test", CATCH_ALL_NO, NOW + 1), 0, "a no to nobody behind a yes");
	is_str(known(NOW + 1), "no", "wins");
	is_str(known(NOW + 1 + 7 * DAY - 1), "no", "for a week");
	is_str(known(NOW + 1 + 7 * DAY), "ask", "and no longer");
	is_int(learn("z@a.test", CATCH_ALL_YES, NOW + 2), 0, "whatever came before it counts");
	is_str(known(NOW + 2), "ask", "no more");
	learn("x@a.test", CATCH_ALL_YES, NOW + 3);
	is_str(known(NOW + 3), "yes", "of a catch-all");
	is_int(learn_unknown(true, NOW + 4), 0, "an unknown user");
	is_str(known(NOW + 4), "no", "tells that it is none");
	is_int(since(NOW + 4), 0, "or is no longer");
	forget_all();
	learn_unknown(true, NOW);
	is_str(known(NOW), "no", "whatever was known before");
	learn_unknown(true, NOW + DAY);
	ok(memory_find(&cache, MEMORY_CATCH_ALL SERVER " a.test", &memory) == 1 &&
		memory.since == NOW,
	    "the next no is not written down");
	learn_unknown(true, NOW + 4 * DAY);
	is_str(known(NOW + 11 * DAY - 1), "no", "until half of its time is over");
}

static void
test_unclear(void)
{
	forget_all();
	is_int(learn("x@a.test", CATCH_ALL_UNCLEAR, NOW), 0, "no clear answer about nobody");
	is_str(known(NOW), "unclear", "is neither");
	is_str(known(NOW + HOUR - 1), "unclear", "nobody asks for an hour");
	is_str(known(NOW + HOUR), "ask", "and then again");
	is_int(since(NOW), 0, "it is no catch-all");
	learn("x@a.test", CATCH_ALL_YES, NOW + HOUR);
	is_int(learn("y@a.test", CATCH_ALL_YES, NOW + HOUR + 1), 1, "two yes make one");
	learn("z@a.test", CATCH_ALL_UNCLEAR, NOW + 2 * DAY);
	is_str(known(NOW + 2 * DAY), "unclear", "one that has run out is unclear in turn");
	learn_unknown(true, NOW + 2 * DAY);
	is_str(known(NOW + 2 * DAY), "no", "and a no is a no");
}

static bool
has(const char *key)
{
	struct cache_entry entry;

	return cache_find(&cache, key, strlen(key), &entry) == 1;
}

/* The row of the first address goes when the second makes it a catch-all. */
static void
test_rows(void)
{
	static const char *const keys[] = {"x@a.test", "y@a.test", "z@a.test"};
	struct cache_entry entry = sample(FINDING_EXISTS, NOW);

	forget_all();
	for (size_t i = 0; i < 3; i++)
		put(&cache, keys[i], strlen(keys[i]), &entry, 1000);
	learn("x@a.test", CATCH_ALL_YES, NOW);
	ok(has("x@a.test"), "while it may be a catch-all the address is remembered");
	learn("y@a.test", CATCH_ALL_YES, NOW);
	ok(!has("x@a.test"), "no longer when it is one");
	ok(has("y@a.test") && has("z@a.test"), "no other is touched");
	forget_all();
	learn("gone@a.test", CATCH_ALL_YES, NOW);
	is_int(learn("y@a.test", CATCH_ALL_YES, NOW), 1, "it may be gone already");
	learn_at(OTHER, "a.test", "z@a.test", false, CATCH_ALL_YES, NOW);
	is_str(known_at(OTHER, "a.test", NOW), "ask", "each server is one for itself");
	ok(has("z@a.test"), "and keeps its addresses");
}

static void
test_nobody(void)
{
	char longest[254], mailbox[ADDRESS_PATH_SIZE], second[ADDRESS_PATH_SIZE];
	struct address address;
	int odd = 0;

	memset(longest, 'd', 253);
	longest[253] = '\0';
	for (int i = 0; i < 1000; i++) {
		memset(mailbox, 0x5a, sizeof(mailbox));
		catchall_nobody(mailbox, "a.test");
		catchall_nobody(second, "a.test");
		odd += strcmp(mailbox, second) == 0 ||
		    strncmp(mailbox, "rcptcheck.test.", 15) != 0 ||
		    strcmp(mailbox + 35, "@a.test") != 0 ||
		    strspn(mailbox + 15, "abcdefghijkmnpqrstuvwxyz23456789") != 20;
	}
	is_int(odd, 0, "nobody is somebody else each time");
	catchall_nobody(mailbox, longest);
	ok(address_parse(&address, mailbox, strlen(mailbox)) == ADDRESS_FINE &&
		address.local_len == 35 && address.domain_len == 253 && !address.needs_utf8,
	    "a fine address, at the longest domain");
}

static void
test_trouble(void)
{
	struct catchall found;

	cache_close(&cache);
	is_int(
	    catchall_find(&cache, SERVER, "a.test", NOW, &found), -1, "no cache, no knowledge");
	ok(found.answer == CATCH_ALL_NOT_ASKED && found.since == 0, "nothing is made up");
}

int
main(void)
{
	char folder[] = "/tmp/rcptcheck-catchall.XXXXXX";

	begin_cache(&cache, folder, path);
	test_yes();
	test_maybe();
	test_no();
	test_unclear();
	test_rows();
	test_nobody();
	test_trouble();
	end_cache(&cache, folder, path);
	return tap_done();
}
