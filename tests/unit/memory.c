/*
 * What is remembered besides verdicts: what is put is found, whatever is damaged is trouble,
 * and rcptbuild removes what is damaged or of no use any more.
 */
#include "rcpt/memory.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cachetest.h"
#include "tap.h"

#define SERVER MEMORY_SERVER "192.0.2.1:25"
#define OTHER  MEMORY_SERVER "[2001:db8::1]:2525"

static char path[CACHETEST_PATH], mark[CACHETEST_PATH + 16], checked[CACHETEST_PATH + 16];
static struct cache cache;

static struct memory
refusal(int64_t since)
{
	struct memory memory = {
	    .state = MEMORY_REFUSES,
	    .count = 3,
	    .since = since,
	    .tried = since + 1,
	    .until = since + 60,
	    .text = "554 5.7.1 go away",
	};

	return memory;
}

static int
remember(const char *subject, const struct memory *memory)
{
	if (cachewrite_begin(&cache) == -1)
		return -1;
	return cachewrite_end(&cache, memory_put(&cache, subject, memory) == 0);
}

static bool
same(const struct memory *a, const struct memory *b)
{
	return strcmp(a->state, b->state) == 0 && a->count == b->count &&
	    a->since == b->since && a->tried == b->tried && a->until == b->until &&
	    strcmp(a->text, b->text) == 0;
}

static int
query(const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int answer = -1;

	if (sqlite3_prepare_v2(cache.db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		answer = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return answer;
}

static void
test_put_and_find(void)
{
	struct memory put_in = refusal(1000), second = {.state = ""}, got;
	char longest[MEMORY_SUBJECT_SIZE];

	is_int(memory_find(&cache, SERVER, &got), 0, "nothing is remembered yet");
	is_int(remember(SERVER, &put_in), 0, "put");
	ok(memory_find(&cache, SERVER, &got) == 1 && same(&got, &put_in), "and found");
	is_int(memory_find(&cache, OTHER, &got), 0, "of no other server");
	is_int(memory_find(&cache, "server 192.0.2.1:2", &got), 0, "nor one of a like name");
	is_int(memory_find(&cache, "", &got), 0, "nor of nothing");
	is_int(remember(SERVER, &second), 0, "put again");
	ok(memory_find(&cache, SERVER, &got) == 1 && same(&got, &second), "replaces it");
	second.count = INT64_MAX;
	second.since = INT64_MIN;
	memset(second.state, 's', sizeof(second.state) - 1);
	memset(second.text, 't', sizeof(second.text) - 1);
	memset(longest, 'l', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	is_int(remember(longest, &second), 0, "the longest of everything");
	ok(memory_find(&cache, longest, &got) == 1 && same(&got, &second), "comes back whole");

	cachewrite_begin(&cache);
	memory_put(&cache, OTHER, &put_in);
	memory_drop(&cache, SERVER);
	is_int(memory_find(&cache, OTHER, &got), 1, "in a transaction it is there");
	cachewrite_end(&cache, false);
	ok(memory_find(&cache, OTHER, &got) == 0 && memory_find(&cache, SERVER, &got) == 1,
	    "undone: nothing of it");
	cachewrite_begin(&cache);
	is_int(memory_drop(&cache, SERVER), 0, "drop");
	is_int(memory_drop(&cache, OTHER), 0, "also what is not there");
	is_int(memory_drop(&cache, longest), 0, "and the longest");
	is_int(cachewrite_end(&cache, true), 0, "end");
	is_int(query("SELECT count(*) FROM memory"), 0, "nothing is left");
	ok(access(mark, F_OK) == -1, "no mark of damage");
}

/* Each field, changed behind our back. */
static void
test_damage(void)
{
	static const char *const changes[] = {
	    "state = 'down'",
	    "state = 'refuses '",
	    "state = 1",
	    "state = x'72656675736573'",
	    "state = 'refusesrefuses'",
	    "state = 'a' || char(0)",
	    "count = 4",
	    "count = 3.5",
	    "count = 'x'",
	    "since = 1001",
	    "since = 'long'",
	    "tried = tried - 1",
	    "tried = x'01'",
	    "until = 1e300",
	    "until = until + 1",
	    "text = ''",
	    "text = 'go away'",
	    "text = 5.5",
	    "text = x'00'",
	    "text = printf('%.*c', 400, 'x')",
	    "text = printf('%.*c', 99000, 'x')",
	    "text = zeroblob(90000)",
	    "checksum = checksum + 1",
	    "checksum = 0",
	    "checksum = 'none'",
	    "state = '', text = 'refuses554 5.7.1 go away'",
	    "since = tried, tried = since",
	};
	struct memory memory = refusal(time(NULL)), nothing = {.count = 0}, got;
	char sql[128];
	const char *what;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		remember(SERVER, &memory);
		remember(OTHER, &memory);
		snprintf(sql, sizeof(sql), "UPDATE memory SET %s WHERE subject = '" SERVER "'",
		    changes[i]);
		query(sql);
		is_int(memory_find(&cache, SERVER, &got), -1, changes[i]);
		ok(cache.bad_row && cache.damaged && access(mark, F_OK) == 0,
		    "is one bad row, and marked: %s", cache_reason(&cache));
		is_int(
		    memory_take(&cache, SERVER, &got), 0, "nothing, for who is to replace it");
		ok(same(&got, &nothing), "all zero");
		ok(memory_find(&cache, OTHER, &got) == 1 && !cache.bad_row,
		    "the other is whole");
		if (i % 2 == 0) {
			is_int(remember(SERVER, &memory), 0, "to put it anew");
		} else {
			is_int(cachefile_maintain(path, false, &what), 0, "rcptbuild mends it");
			is_int(memory_find(&cache, SERVER, &got), 0, "by removing the row");
			is_int(memory_find(&cache, OTHER, &got), 1, "and no other");
			remember(SERVER, &memory);
		}
		is_int(memory_find(&cache, SERVER, &got), 1, "makes it good");
		unlink(mark);
	}
	query("UPDATE memory SET subject = '" MEMORY_SERVER
	      "192.0.2.2:25' WHERE subject = '" SERVER "'");
	is_int(memory_find(&cache, MEMORY_SERVER "192.0.2.2:25", &got), -1,
	    "what is remembered of one is not believed of another");
	query("UPDATE memory SET subject = x'00' WHERE subject = '" OTHER "'");
	is_int(cachefile_maintain(path, true, &what), 0, "a thorough check");
	is_int(query("SELECT count(*) FROM memory"), 0, "removes both");
	unlink(mark);
}

static void
test_sweep(void)
{
	int64_t limit = (int64_t)time(NULL) - CACHEFILE_KEEP_STALE;
	struct memory old = refusal(limit - 1000), kept[3] = {old, old, old};
	const char *what;

	kept[0].since = kept[1].tried = kept[2].until = limit + 1000;
	remember("old", &old);
	remember("since", &kept[0]);
	remember("tried", &kept[1]);
	remember("until", &kept[2]);
	cachefile_maintain(path, false, &what);
	is_int(query("SELECT count(*) FROM memory"), 4, "old ones go at most once an hour");
	unlink(checked);
	is_int(cachefile_maintain(path, false, &what), 0, "then");
	is_int(query("SELECT count(*) FROM memory"), 3, "one that has no time to come goes");
	is_int(query("SELECT count(*) FROM memory WHERE subject = 'old'"), 0, "the right one");
}

static void
test_no_table(void)
{
	struct memory memory = refusal(1), got;

	query("DROP TABLE memory");
	is_int(memory_find(&cache, SERVER, &got), -1, "no table is trouble");
	ok(!cache.bad_row && access(mark, F_OK) == 0, "with the cache: %s",
	    cache_reason(&cache));
	is_int(remember(SERVER, &memory), -1, "for what is put as well");
	cache_close(&cache);
	is_int(memory_find(&cache, SERVER, &got), -1, "so is a cache that is not open");
}

int
main(void)
{
	char folder[] = "/tmp/rcptcheck-memory.XXXXXX";
	const char *what;

	begin_cache(&cache, folder, path);
	snprintf(mark, sizeof(mark), "%s%s", path, CACHE_DAMAGED);
	snprintf(checked, sizeof(checked), "%s%s", path, CACHESTAMP_NAME);
	test_put_and_find();
	test_damage();
	test_sweep();
	test_no_table();
	is_int(
	    cachefile_maintain(path, false, &what), 1, "rcptbuild makes a cache of it again");
	is_int(cache_open(&cache, path, 1000), 0, "open it");
	is_int(query("SELECT count(*) FROM memory"), 0, "nothing is remembered");
	cache_close(&cache);
	remove_cache(folder);
	return tap_done();
}
