/*
 * Patterns tried by who writes them: against their samples, or against a log.
 */
#ifndef RELAY_LOGTRIAL_H
#define RELAY_LOGTRIAL_H

#include "match.h"

/* Do the samples hold? trouble hears of those that don't. Returns how many these are, of *count. */
unsigned logtrial_samples(struct patterns *patterns, size_t *count, patterns_trouble *trouble);

/*
 * Prints the logins in a file that is open. name is what trouble hears of it. Returns 1 when there
 * was one that would be marked, 0 when there was none, -1 with errno.
 */
int logtrial_file(
    const struct match_terms *terms, int fd, const char *name, patterns_trouble *trouble);

#endif
