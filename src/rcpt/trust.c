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
	return memory_take(cache, subject, &trust->memory) == -1 ? -1 : 0;
}

/* Was an address accepted lately? */
static bool
is_known(const struct memory *memory, int64_t now)
{
	return memory->tried <= now && memory->until > now;
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
	return trust_is_broken(trust, now) || !is_known(&trust->memory, now);
}

/* Can it be asked as a control: without SMTPUTF8, and as it stands here? */
static bool
is_fit(const char *path)
{
	for (const char *p = path; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return path[0] != '\0' && !inquiry_is_role(path);
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
	else if (is_known(&trust->memory, now) && is_fit(trust->memory.text))
		snprintf(control, ADDRESS_PATH_SIZE, "%s", trust->memory.text);
	else
		snprintf(control, ADDRESS_PATH_SIZE, "postmaster@%s", trust->domain);
}

/* good: the address that was accepted; NULL for one of a server that accepts any. */
static void
believe(struct memory *memory, const char *good, int64_t good_for, int64_t now)
{
	memory->state[0] = '\0';
	memory->count = 0;
	memory->since = now;
	if (good == NULL)
		return;
	/* A role's is not better than one that is known, and does not make that one any newer. */
	if (!is_fit(good) && is_known(memory, now) && memory->text[0] != '\0')
		return;
	snprintf(memory->text, sizeof(memory->text), "%s", is_fit(good) ? good : "");
	memory->tried = now;
	memory->until = now + good_for;
}

/* Was there a "no" that its control should have proven, and did not? */
static bool
is_unproven(const struct trust_lesson *lesson)
{
	bool no_control = finding_is_no(lesson->finding) && lesson->control_path[0] == '\0';

	return lesson->control == CONTROL_REFUSED ||
	    (lesson->broken && (lesson->control == CONTROL_FAILED || no_control));
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

	if (lesson->control == CONTROL_ACCEPTED) {
		believe(memory, lesson->control_path, lesson->good_for, now);
	} else if (lesson->finding == FINDING_EXISTS) {
		if (lesson->good != NULL && inquiry_is_role(lesson->good))
			return 0;
		believe(memory, lesson->good, lesson->good_for, now);
	} else if (is_unproven(lesson)) {
		if (strcmp(memory->state, MEMORY_DOUBT) == 0)
			return 0;
		if (noes(memory, now) > 0 &&
		    (cachewrite_drop_noes(cache, trust->domain, memory->since) == -1 ||
			cachewrite_drop_noes(cache, lesson->key_domain, memory->since) == -1))
			return -1;
		strcpy(memory->state, MEMORY_DOUBT);
		memory->since = now;
	} else if (finding_is_no(lesson->finding) && !lesson->repeated) {
		count_no(memory, now);
	} else {
		return 0;
	}
	make_subject(subject, trust);
	return memory_put(cache, subject, memory);
}
