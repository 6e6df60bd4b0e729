#include "servers.h"

#include <stdio.h>
#include <string.h>

#include "cachewrite.h"

#define BACKOFF_FIRST 10 /* seconds */
#define BACKOFF_MAX   300
#define NOTE_EVERY    60 /* a refusal that marks nothing is written down so often */

typedef char subject_text[MEMORY_SUBJECT_SIZE];

static void
make_subject(subject_text subject, const char *server)
{
	snprintf(subject, MEMORY_SUBJECT_SIZE, MEMORY_SERVER "%s", server);
}

static int64_t
backoff(int64_t failures)
{
	int64_t seconds = BACKOFF_FIRST;

	while (--failures > 0 && seconds < BACKOFF_MAX)
		seconds *= 2;
	return seconds < BACKOFF_MAX ? seconds : BACKOFF_MAX;
}

/* A mark from the future is of a clock that was set back: it says nothing. */
static bool
is_held(const struct memory *mark, int64_t now)
{
	return mark->tried <= now && mark->until > now;
}

int
servers_find(struct cache *cache, const char *server, int64_t now, struct memory *mark)
{
	subject_text subject;
	int found;

	make_subject(subject, server);
	found = memory_find(cache, subject, mark);
	if (found == 1 && (mark->tried > now || mark->until <= mark->tried))
		return 0;
	return found;
}

int
servers_claim(struct cache *cache, const char *server, const struct memory *mark, int64_t now)
{
	subject_text subject;
	struct memory fresh;
	int found;

	make_subject(subject, server);
	if (cachewrite_begin(cache) == -1)
		return -1;
	found = memory_take(cache, subject, &fresh);
	if (found == 1 && (fresh.tried != mark->tried || fresh.until != mark->until))
		found = 0; /* somebody else was faster */
	if (found == 1) {
		fresh.count++;
		fresh.tried = now;
		fresh.until = now + backoff(fresh.count);
		if (memory_put(cache, subject, &fresh) == -1)
			found = -1;
	}
	return cachewrite_end(cache, found != -1) == -1 ? -1 : found;
}

int
servers_suspect(struct cache *cache, const char *server, int64_t patience, int64_t now)
{
	subject_text subject;
	struct memory mark;
	int result;

	make_subject(subject, server);
	if (cachewrite_begin(cache) == -1)
		return -1;
	result = memory_take(cache, subject, &mark);
	if (result != -1)
		result = is_held(&mark, now) ? 0 : 1;
	if (result == 1) {
		if (strcmp(mark.state, MEMORY_DOWN) != 0)
			mark.count = 0;
		strcpy(mark.state, MEMORY_DOWN);
		strcpy(mark.text, "slow");
		if (mark.count == 0)
			mark.since = now;
		mark.count++;
		mark.tried = now;
		mark.until = now;
		if (mark.count >= patience)
			mark.until += backoff(mark.count - patience + 1);
		if (memory_put(cache, subject, &mark) == -1)
			result = -1;
	}
	return cachewrite_end(cache, result != -1) == -1 ? -1 : result;
}

/* What the mark becomes with one more failure. Returns false when it stays as it is. */
static bool
add_failure(struct memory *mark, bool found, const struct servers_failure *failure, int64_t now)
{
	bool same = found && strcmp(mark->state, failure->state) == 0;

	if (found && !failure->claimed && is_held(mark, now))
		return false; /* whoever tried it before us has counted it */
	if (failure->hold == SERVERS_NO_HOLD && same && mark->tried <= now &&
	    now - mark->tried < NOTE_EVERY)
		return false;
	if (!same) {
		mark->since = now;
		mark->count = 0;
	}
	if (!same || !failure->claimed)
		mark->count++;
	mark->tried = now;
	mark->until = now;
	if (failure->hold > 0)
		mark->until += failure->hold;
	else if (failure->hold == 0 && mark->count >= failure->patience)
		mark->until += backoff(mark->count - failure->patience + 1);
	snprintf(mark->state, sizeof(mark->state), "%s", failure->state);
	snprintf(mark->text, sizeof(mark->text), "%s", failure->text);
	return true;
}

int
servers_failed(
    struct cache *cache, const char *server, const struct servers_failure *failure, int64_t now)
{
	subject_text subject;
	struct memory mark;
	int found;
	bool good;

	make_subject(subject, server);
	found = memory_take(cache, subject, &mark);
	if (found == -1)
		return -1;
	if (!add_failure(&mark, found == 1, failure, now))
		return 0;
	/* Once more, now that nobody else writes. */
	if (cachewrite_begin(cache) == -1)
		return -1;
	found = memory_take(cache, subject, &mark);
	good = found != -1 &&
	    (!add_failure(&mark, found == 1, failure, now) ||
		memory_put(cache, subject, &mark) == 0);
	return cachewrite_end(cache, good);
}

int
servers_fine(struct cache *cache, const char *server)
{
	subject_text subject;

	make_subject(subject, server);
	return memory_drop(cache, subject);
}

int
servers_back(struct cache *cache, const char *server)
{
	if (cachewrite_begin(cache) == -1)
		return -1;
	return cachewrite_end(cache, servers_fine(cache, server) == 0);
}
