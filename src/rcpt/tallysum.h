/*
 * The sums of what the checks have counted (tally.h), and the care of that file.
 */
#ifndef RCPT_TALLYSUM_H
#define RCPT_TALLYSUM_H

#include <stddef.h>
#include <stdint.h>

#include "tally.h"

struct tallysum_domain {
	const char *name; /* any bytes but blanks and control bytes */
	int64_t checks;   /* of all kinds */
	int64_t kinds[TALLY_KINDS];
};

struct tallysum {
	struct tallysum_domain *domains; /* each once, the busiest first */
	size_t count;
	char *text;
};

/*
 * Reads the file of that name in the folder (a descriptor, or AT_FDCWD). Lines that are none,
 * and what is behind TALLY_SIZE_MAX, do not count. Returns 0, or -1 with errno: EINVAL when it
 * is no regular file. tallysum_free is good for both.
 */
int tallysum_read(struct tallysum *sum, int folder, const char *name);
void tallysum_free(struct tallysum *sum);

/*
 * Makes the file in the folder if it is missing or others cannot write to it, and sums it up if
 * it has become large. The caller holds a lock. What cannot be done is left for the next time.
 */
void tallysum_keep(int folder);

#endif
