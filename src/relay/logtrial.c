#include "logtrial.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"
#include "loglines.h"

#define USER_MAX 64 /* bytes of a user that are printed */

/* What is wrong with it; NULL: nothing. */
static const char *
try_sample(const struct match_terms *terms, const struct patterns_sample *sample)
{
	struct match match;
	enum match_result result =
	    match_line(&match, terms, sample->text, strlen(sample->text), false);

	if (sample->ip == NULL)
		return result == MATCH_LOGIN ? "this is taken for a login" : NULL;
	if (result == MATCH_NONE || result == MATCH_UNSAFE)
		return "this is not recognised";
	if (result == MATCH_REFUSED)
		return match.refused;
	if (strcmp(match.address, sample->ip) != 0)
		return "this is recognised with another address";
	if (match.by.user_len != strlen(sample->user) ||
	    memcmp(match.by.user, sample->user, match.by.user_len) != 0)
		return "this is recognised with another user";
	return NULL;
}

unsigned
logtrial_samples(struct patterns *patterns, size_t *count, patterns_trouble *trouble)
{
	struct match_terms terms = {.patterns = patterns, .loopback = true};
	struct patterns_sample sample;
	unsigned wrong = 0;

	for (*count = 0; patterns_sample(patterns, *count, &sample); ++*count) {
		const char *reason = try_sample(&terms, &sample);

		if (reason != NULL)
			trouble(sample.file, sample.line, reason);
		wrong += reason != NULL;
	}
	return wrong;
}

static void
print_match(const struct match *match, enum match_result result, unsigned long number)
{
	struct line line;

	line_start(&line);
	if (result == MATCH_LOGIN)
		line_add(&line, match->address);
	else
		line_add_foreign(&line, match->by.ip, match->by.ip_len, RELAYADDRESS_SIZE);
	line_add(&line, "\t");
	line_add_foreign(&line, match->by.user, match->by.user_len, USER_MAX);
	line_add(&line, "\t");
	line_add(&line, match->by.name);
	line_add(&line, "\t");
	line_add_number(&line, match->by.line);
	line_add(&line, "\t");
	line_add_number(&line, (int64_t)number);
	if (result == MATCH_REFUSED) {
		line_add(&line, "\tignored: ");
		line_add(&line, match->refused);
	}
	puts(line.text);
}

int
logtrial_file(
    const struct match_terms *terms, int fd, const char *name, patterns_trouble *trouble)
{
	static struct loglines lines;
	static char bytes[64 * 1024];
	struct loglines_line line;
	struct match match;
	unsigned long number = 0;
	bool found = false, unsafe = false;
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		loglines_feed(&lines, bytes, (size_t)got);
		while (loglines_next(&lines, &line)) {
			enum match_result result = MATCH_NONE;

			number++;
			if (!unsafe)
				result =
				    match_line(&match, terms, line.text, line.len, line.cut);
			if (result == MATCH_UNSAFE) {
				unsafe = true;
				trouble(name, (unsigned)number,
				    "nginx or Perdition has written this by itself, and so can "
				    "strangers: nothing from here on is a login");
			} else if (result != MATCH_NONE)
				print_match(&match, result, number);
			found |= result == MATCH_LOGIN;
		}
	}
	return got == -1 ? -1 : found;
}
