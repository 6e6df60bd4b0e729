/*
 * Servers that fail: how long each is left alone, who may try it then, and what ends it. Two
 * connections to one cache stand for two processes.
 */
#include "rcpt/servers.h"

#include <stdlib.h>

#include "cachetest.h"
#include "tap.h"

#define NOW    1700000000
#define SERVER "192.0.2.1:25"
#define OTHER  "[2001:db8::1]:2525"

static char path[CACHETEST_PATH];
static struct cache cache, theirs;

static const struct servers_failure down = {
    .state = MEMORY_DOWN, .patience = 1, .text = "refused"};
static const struct servers_failure greets = {
    .state = MEMORY_DOWN, .patience = 3, .text = "timeout"};
static const struct servers_failure refuses = {
    .state = MEMORY_REFUSES, .patience = 1, .hold = SERVERS_REFUSE_HOLD, .text = "554 no"};
static const struct servers_failure noted = {
    .state = MEMORY_REFUSES, .patience = 1, .hold = SERVERS_NO_HOLD, .text = "550 no sender"};

static void
fail(const struct servers_failure *failure, bool claimed, int64_t now)
{
	struct servers_failure this = *failure;

	this.claimed = claimed;
	if (servers_failed(&cache, SERVER, &this, now) == -1)
		ok(false, "servers_failed: %s", cache_reason(&cache));
}

static void
fine(struct cache *who, const char *server)
{
	if (cachewrite_begin(who) == -1 ||
	    cachewrite_end(who, servers_fine(who, server) == 0) == -1)
		ok(false, "servers_fine: %s", cache_reason(who));
}

/* For how many seconds it is left alone from now on; -1: it is not marked. */
static int64_t
held(int64_t now)
{
	struct memory mark;

	switch (servers_find(&cache, SERVER, now, &mark)) {
	case 1:
		return mark.until > now ? mark.until - now : 0;
	case 0:
		return -1;
	default:
		ok(false, "servers_find: %s", cache_reason(&cache));
		return -2;
	}
}

/* What is written down, left alone or not. */
static struct memory
row(void)
{
	struct memory memory;

	if (memory_find(&cache, MEMORY_SERVER SERVER, &memory) != 1)
		memset(&memory, 0, sizeof(memory));
	return memory;
}

static int
claim(struct cache *who, const struct memory *mark, int64_t now)
{
	return servers_claim(who, SERVER, mark, now);
}

static void
test_backoff(void)
{
	static const int seconds[] = {10, 20, 40, 80, 160, 300, 300, 300};
	int64_t now = NOW;
	struct memory mark;

	is_int(held(now), -1, "of a new server nothing is known");
	fine(&cache, SERVER);
	is_int(held(now), -1, "nor of one that is fine");
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		fail(&down, i > 0, now);
		ok(held(now) == seconds[i], "failure %zu: left alone for %d s", i + 1,
		    seconds[i]);
		fail(&down, false, now + seconds[i] - 1);
		ok(held(now) == seconds[i],
		    "who tried it before that, and fails only now, changes nothing");
		now += seconds[i];
		ok(held(now - 1) == 1 && held(now) == 0, "then it may be tried");
		is_int(servers_find(&cache, SERVER, now, &mark), 1, "by who has the mark");
		is_int(claim(&cache, &mark, now), 1, "and claims it");
	}
	ok(row().since == NOW && row().count == 9, "since when is known, and how often");
	is_str(row().text, "refused", "and why");
	is_int(servers_find(&cache, OTHER, now, &mark), 0, "of no other server");
	fine(&cache, OTHER);
	ok(held(now) > 0, "another one that is fine clears nothing");
	fine(&cache, SERVER);
	is_int(held(now), -1, "a statement clears the mark");
	fail(&down, false, now);
	is_int(held(now), 10, "and all begins anew");
	fail(&down, false, now + 10);
	is_int(held(now + 10), 20, "who failed without a claim when it was over counts");
	fine(&cache, SERVER);
}

static void
test_claim(void)
{
	struct memory mark, same;

	fail(&down, false, NOW);
	is_int(servers_find(&cache, SERVER, NOW + 10, &mark), 1, "one process finds the mark");
	is_int(servers_find(&theirs, SERVER, NOW + 10, &same), 1, "another one too");
	is_int(claim(&theirs, &same, NOW + 10), 1, "the first to claim the server gets it");
	is_int(claim(&cache, &mark, NOW + 10), 0, "the second does not");
	is_int(held(NOW + 10), 20, "for all others it is left alone");
	is_int(
	    servers_find(&cache, SERVER, NOW + 15, &mark), 1, "one that is still left alone");
	is_int(claim(&cache, &mark, NOW + 15), 1, "can be claimed, as the last resort");
	is_int(row().count, 3, "each try counts");
	is_int(servers_find(&cache, SERVER, NOW + 30, &mark), 1, "a mark");
	same = mark;
	same.tried--;
	is_int(claim(&cache, &same, NOW + 60), 0, "claims nothing when it was tried since");
	same = mark;
	same.until--;
	is_int(claim(&cache, &same, NOW + 60), 0, "or is left alone for longer");
	is_int(servers_find(&cache, SERVER, NOW + 60, &mark), 1, "found once more");
	fine(&theirs, SERVER);
	is_int(claim(&cache, &mark, NOW + 60), 0, "nothing to claim: it is fine by now");
	is_int(held(NOW + 60), -1, "and stays so");
	fail(&down, true, NOW + 61);
	is_int(held(NOW + 61), 10, "a claimed server that failed behind that counts as one");
	fine(&cache, SERVER);
}

static void
test_clock(void)
{
	struct memory mark;

	fail(&down, false, NOW + 5000);
	is_int(servers_find(&cache, SERVER, NOW, &mark), 0,
	    "a mark from the future is of a clock that was set back");
	is_int(servers_suspect(&cache, SERVER, 1, NOW), 1, "and keeps nobody from looking");
	is_int(held(NOW), 20, "which marks it anew");
	fail(&down, false, NOW + 5000);
	fail(&down, false, NOW);
	ok(held(NOW) > 0 && held(NOW) <= 300, "so does a failure");
	fine(&cache, SERVER);
}

static void
test_patience(void)
{
	fail(&greets, false, NOW);
	fail(&greets, false, NOW + 1);
	is_int(held(NOW + 1), -1, "a server that greets is asked on behind two time-outs");
	is_int(row().count, 2, "which are counted");
	fail(&greets, false, NOW + 2);
	is_int(held(NOW + 2), 10, "the third makes it one that is left alone");
	fail(&greets, true, NOW + 12);
	is_int(row().count, 3, "what was claimed is counted by the claim");
	fail(&greets, false, NOW + 22);
	is_int(held(NOW + 22), 20, "from then on for twice as long each time");
	fine(&cache, SERVER);
	fail(&greets, false, NOW);
	fine(&cache, SERVER);
	fail(&greets, false, NOW + 1);
	fail(&greets, false, NOW + 2);
	is_int(held(NOW + 2), -1, "only time-outs in a row count");
	fine(&cache, SERVER);
}

static void
test_refusal(void)
{
	struct memory mark;

	fail(&refuses, false, NOW);
	is_int(
	    held(NOW), 300, "a server that refuses us when it greets is left alone for 300 s");
	is_str(row().state, MEMORY_REFUSES, "and known for that");
	is_int(servers_find(&cache, SERVER, NOW + 300, &mark), 1, "then it can be claimed");
	is_int(claim(&cache, &mark, NOW + 300), 1, "by one");
	is_int(held(NOW + 300), 20, "the others wait for what comes out");
	fail(&refuses, true, NOW + 301);
	is_int(held(NOW + 301), 300, "which is the same again");
	ok(row().since == NOW && row().count == 2, "since the beginning");
	fine(&cache, SERVER);

	fail(&noted, false, NOW);
	is_int(held(NOW), -1, "one that refuses us later is asked all the same");
	ok(row().count == 1 && row().tried == NOW, "but it is written down");
	is_str(row().text, "550 no sender", "with its words");
	fail(&noted, false, NOW + 59);
	is_int(row().tried, NOW, "not each time");
	fail(&noted, false, NOW + 60);
	ok(row().count == 2 && row().tried == NOW + 60 && row().since == NOW,
	    "but once a minute");
	fail(&noted, false, NOW + 30);
	is_int(row().tried, NOW + 30, "or when the clock was set back");
	fail(&down, false, NOW + 100);
	is_str(row().state, MEMORY_DOWN, "another kind of failure takes its place");
	is_int(row().since, NOW + 100, "from that moment on");
	is_int(held(NOW + 100), 10, "and counts for itself");
	fine(&cache, SERVER);
	for (int i = 0; i < 5; i++)
		fail(&noted, false, NOW + i * 60);
	is_int(servers_suspect(&cache, SERVER, 1, NOW + 400), 1,
	    "one that refuses us and is slow");
	is_int(held(NOW + 400), 10, "is new to that");
	fine(&cache, SERVER);
}

static void
test_suspect(void)
{
	is_int(
	    servers_suspect(&cache, SERVER, 1, NOW), 1, "the first who waits goes on waiting");
	is_int(held(NOW), 10, "the server is left alone by others");
	is_int(servers_suspect(&theirs, SERVER, 1, NOW + 1), 0, "who waits besides need not");
	is_int(servers_suspect(&theirs, OTHER, 1, NOW + 1), 1, "that is no other server's");
	is_int(servers_suspect(&theirs, SERVER, 1, NOW + 10), 1, "when that is over, one more");
	is_int(held(NOW + 10), 20, "and twice as long");
	fail(&down, true, NOW + 15);
	is_int(held(NOW + 15), 20, "the failure it saw is the one it was marked for");
	is_int(row().since, NOW, "since the first");
	fine(&cache, SERVER);
	is_int(servers_suspect(&cache, OTHER, 3, NOW + 30), 1,
	    "of a server that greets, more wait");
	is_int(servers_suspect(&theirs, OTHER, 3, NOW + 30), 1, "a third time that it is slow");
	is_int(servers_suspect(&theirs, OTHER, 3, NOW + 31), 0, "then it is left alone");
	is_int(servers_suspect(&cache, SERVER, 1, NOW + 20), 1, "a statement ends it");
	is_int(held(NOW + 20), 10, "and all begins anew");
	fine(&cache, SERVER);
	fail(&greets, false, NOW);
	is_int(
	    servers_suspect(&cache, SERVER, 1, NOW + 1), 1, "one that is asked on is suspect");
	fine(&cache, SERVER);
}

/* The longest texts, and trouble. */
static void
test_trouble(void)
{
	static char longest[2000];
	struct servers_failure failure = down;
	struct memory mark;

	memset(longest, 'x', sizeof(longest) - 1);
	failure.text = longest;
	is_int(servers_failed(&cache, SERVER, &failure, NOW), 0, "the longest reason");
	is_int((int)strlen(row().text), MEMORY_TEXT_SIZE - 1, "is cut");
	is_int(servers_find(&cache, SERVER, NOW + 10, &mark), 1, "the mark is sound");

	is_int(cachewrite_begin(&theirs), 0, "another process writes");
	cache_set_busy(&cache, 20);
	is_int(claim(&cache, &mark, NOW + 10), -1, "then no claim");
	is_int(servers_suspect(&cache, SERVER, 1, NOW + 10), -1, "no suspicion");
	is_int(servers_failed(&cache, SERVER, &down, NOW + 10), -1, "and no failure");
	cachewrite_end(&theirs, false);
	cache_set_busy(&cache, 1000);
	is_int(claim(&cache, &mark, NOW + 10), 1, "later it can be claimed");

	cache_close(&cache);
	is_int(
	    servers_find(&cache, SERVER, NOW, &mark), -1, "without a cache nothing is known");
	is_int(claim(&cache, &mark, NOW), -1, "or claimed");
	is_int(servers_suspect(&cache, SERVER, 1, NOW), -1, "or suspected");
	is_int(servers_failed(&cache, SERVER, &down, NOW), -1, "or remembered");
}

int
main(void)
{
	char folder[] = "/tmp/rcptcheck-servers.XXXXXX";

	begin_cache(&cache, folder, path);
	is_int(cache_open(&theirs, path, 1000), 0, "open it once more");
	test_backoff();
	test_claim();
	test_clock();
	test_patience();
	test_refusal();
	test_suspect();
	test_trouble();
	cache_close(&theirs);
	end_cache(&cache, folder, path);
	return tap_done();
}
