#include "catchall.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cachewrite.h"

#define HOUR 3600
#define DAY  (24 * HOUR)

/* How long each answer holds. A rate limit, say, may have passed in an hour. */
#define YES_HOLDS     (1 * DAY)
#define MAYBE_HOLDS   (7 * DAY)
#define NO_HOLDS      (7 * DAY)
#define UNCLEAR_HOLDS (1 * HOUR)

/* 20 of 32 letters and digits: 100 bits. The words tell a postmaster who asks. */
#define NOBODY        "rcptcheck.test."
#define NOBODY_RANDOM 20

static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

_Static_assert(sizeof(alphabet) == 32 + 1, "five bits a letter");

static void
make_subject(char subject[MEMORY_SUBJECT_SIZE], const char *server, const char *domain)
{
	snprintf(subject, MEMORY_SUBJECT_SIZE, MEMORY_CATCH_ALL "%s %s", server, domain);
}

int
catchall_find(struct cache *cache, const char *server, const char *domain, int64_t now,
    struct catchall *catchall)
{
	char subject[MEMORY_SUBJECT_SIZE];
	struct memory memory;
	int found;

	catchall->answer = CATCH_ALL_NOT_ASKED;
	catchall->since = 0;
	make_subject(subject, server, domain);
	found = memory_find(cache, subject, &memory);
	if (found != 1)
		return found;
	if (strcmp(memory.state, MEMORY_YES) == 0)
		catchall->since = memory.since;
	if (memory.since <= now && memory.until > now) {
		if (strcmp(memory.state, MEMORY_YES) == 0)
			catchall->answer = CATCH_ALL_YES;
		else if (strcmp(memory.state, MEMORY_NO) == 0)
			catchall->answer = CATCH_ALL_NO;
		else if (strcmp(memory.state, MEMORY_UNCLEAR) == 0)
			catchall->answer = CATCH_ALL_UNCLEAR;
	}
	return 1;
}

static void
become(struct memory *memory, const char *state, int64_t now, int64_t holds)
{
	snprintf(memory->state, sizeof(memory->state), "%s", state);
	memory->since = now;
	memory->until = now + holds;
	memory->text[0] = '\0';
}

/* What a "yes" to an address that nobody has makes of what was known. */
static int
learn_yes(struct cache *cache, struct memory *memory, const struct catchall_lesson *lesson,
    int64_t now)
{
	bool was_yes = strcmp(memory->state, MEMORY_YES) == 0;
	bool was_maybe = strcmp(memory->state, MEMORY_MAYBE) == 0 && memory->since <= now &&
	    memory->until > now;
	bool other = strlen(memory->text) != lesson->key_len ||
	    memcmp(memory->text, lesson->key, lesson->key_len) != 0;

	if (was_maybe && other &&
	    cachewrite_drop(cache, memory->text, strlen(memory->text)) == -1)
		return -1;
	if (was_yes || (was_maybe && other)) {
		become(memory, MEMORY_YES, now, YES_HOLDS);
		return 1;
	}
	become(memory, MEMORY_MAYBE, now, MAYBE_HOLDS);
	snprintf(memory->text, sizeof(memory->text), "%.*s", (int)lesson->key_len, lesson->key);
	return 0;
}

int
catchall_learn(struct cache *cache, const char *server, const char *domain,
    const struct catchall_lesson *lesson, int64_t now)
{
	char subject[MEMORY_SUBJECT_SIZE];
	struct memory memory;
	int result = 0;

	if (!lesson->unknown && lesson->answer == CATCH_ALL_NOT_ASKED)
		return 0;
	make_subject(subject, server, domain);
	if (memory_take(cache, subject, &memory) == -1)
		return -1;
	if (lesson->unknown || lesson->answer == CATCH_ALL_NO) {
		if (strcmp(memory.state, MEMORY_NO) == 0 && memory.since <= now &&
		    memory.until > now + NO_HOLDS / 2)
			return 0; /* not worth a write each time */
		become(&memory, MEMORY_NO, now, NO_HOLDS);
	} else if (lesson->answer == CATCH_ALL_YES) {
		result = learn_yes(cache, &memory, lesson, now);
	} else {
		become(&memory, MEMORY_UNCLEAR, now, UNCLEAR_HOLDS);
	}
	if (result == -1 || memory_put(cache, subject, &memory) == -1)
		return -1;
	return result;
}

void
catchall_nobody(char path[ADDRESS_PATH_SIZE], const char *domain)
{
	unsigned char bytes[NOBODY_RANDOM] = {0};
	char local[NOBODY_RANDOM + 1];

	/* Without randomness the mailbox is one that nobody has, only not hard to guess. */
	(void)!getrandom(bytes, sizeof(bytes), GRND_NONBLOCK);
	for (size_t i = 0; i < NOBODY_RANDOM; i++)
		local[i] = alphabet[bytes[i] % 32];
	local[NOBODY_RANDOM] = '\0';
	snprintf(path, ADDRESS_PATH_SIZE, NOBODY "%s@%s", local, domain);
}
