#include "trust.h"

#include <stdio.h>
#include <string.h>

#include "cachewrite.h"

#define NOES_MAX    20  /* this many new "no" ... */
#define NOES_WINDOW 600 /* in so many seconds are too many */

static void
make_subject(char subject[MEMORY_SUBJECT_SIZE], const struct trust *trust)
{
	snprintf(subject, MEMORY_SUBJECT_SIZE, MEMORY_DOMAIN "%s", trust->domain);
}

void
trust_begin(struct trust *trust, const char *domain)
{
	snprintf(trust->domain, sizeof(trust->domain), "%s", domain);
	memset(&trust->memory, 0, sizeof(trust->memory));
}

int
trust_recall(struct trust *trust, struct cache *cache)
{
	char subject[MEMORY_SUBJECT_SIZE];

	make_subject(subject, trust);
	if (memory_find(cache, subject, &trust->memory) != -1)
		return 0;
	memset(&trust->memory, 0, sizeof(trust->memory));
	return -1;
}

static bool
has_good(const struct memory *memory, int64_t now)
{
	return memory->text[0] != '\0' && memory->tried <= now && memory->until > now;
}

/* How many new "no" the window has that now falls into. */
static int64_t
noes(const struct memory *memory, int64_t now)
{
	return memory->since <= now && now - memory->since < NOES_WINDOW ? memory->count : 0;
}

bool
trust_is_broken(const struct trust *trust, int64_t now)
{
	return strcmp(trust->memory.state, MEMORY_DOUBT) == 0 ||
	    noes(&trust->memory, now) >= NOES_MAX - 1;
}

bool
trust_doubts(const struct trust *trust, int64_t now)
{
	return trust_is_broken(trust, now) || !has_good(&trust->memory, now);
}

void
trust_control(const struct trust *trust, const struct settings *settings, int64_t now,
    char control[ADDRESS_PATH_SIZE])
{
	const char *setting = settings->control_recipient;

	if (strcmp(setting, "none") == 0)
		control[0] = '\0';
	else if (strcmp(setting, "auto") != 0)
		snprintf(control, ADDRESS_PATH_SIZE, "%s", setting);
	else if (has_good(&trust->memory, now))
		snprintf(control, ADDRESS_PATH_SIZE, "%s", trust->memory.text);
	else
		snprintf(control, ADDRESS_PATH_SIZE, "postmaster@%s", trust->domain);
}

/* A control must be asked without SMTPUTF8. */
static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static void
believe(struct memory *memory, const char *good, int64_t good_for, int64_t now)
{
	memory->state[0] = '\0';
	memory->count = 0;
	memory->since = now;
	if (good != NULL && is_ascii(good)) {
		snprintf(memory->text, sizeof(memory->text), "%s", good);
		memory->tried = now;
		memory->until = now + good_for;
	}
}

/* Was there a "no" that its control should have proven, and did not? */
static bool
is_unproven(const struct trust_lesson *lesson, bool broken)
{
	return lesson->control == CONTROL_REFUSED ||
	    (broken && (finding_is_no(lesson->finding) || lesson->control == CONTROL_FAILED));
}

static void
count_no(struct memory *memory, int64_t now)
{
	memory->count = noes(memory, now) + 1;
	if (memory->count == 1)
		memory->since = now;
}

int
trust_learn(
    struct trust *trust, struct cache *cache, const struct trust_lesson *lesson, int64_t now)
{
	char subject[MEMORY_SUBJECT_SIZE];
	struct memory *memory = &trust->memory;
	bool broken = trust_is_broken(trust, now);

	make_subject(subject, trust);
	if (memory_take(cache, subject, memory) == -1)
		return -1;
	if (lesson->control == CONTROL_ACCEPTED) {
		believe(memory, lesson->control_path, lesson->good_for, now);
	} else if (lesson->finding == FINDING_EXISTS) {
		believe(memory, lesson->good, lesson->good_for, now);
	} else if (is_unproven(lesson, broken)) {
		if (strcmp(memory->state, MEMORY_DOUBT) == 0)
			return 0;
		if (noes(memory, now) > 0 &&
		    cachewrite_drop_noes(cache, trust->domain, memory->since) == -1)
			return -1;
		strcpy(memory->state, MEMORY_DOUBT);
		memory->since = now;
	} else if (finding_is_no(lesson->finding) && !lesson->repeated) {
		count_no(memory, now);
	} else {
		return 0;
	}
	return memory_put(cache, subject, memory);
}
