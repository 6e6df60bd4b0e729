/*
 * The check: one recipient, one verdict. CDB, cache, rcptprobe and the servers come together
 * here; nothing here knows who asks or how the answer is told.
 *
 *	checker_open(&checker, home);
 *	check_start(&checker, &check, address, len, deadline_now());
 *	while (!check.done) {
 *		poll check.fd for check.events until check.wake;
 *		check_step(&checker, &check);
 *	}
 *
 * Many checks may be under way at once. A checker notices a replaced CDB with the next
 * question.
 */
#ifndef RCPT_CHECK_H
#define RCPT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/record.h"
#include "cache.h"
#include "checker.h"
#include "direct.h"
#include "freshness.h"
#include "remote.h"
#include "verdict.h"

struct check {
	bool done;
	enum verdict verdict;
	const char *why;       /* one constant word: rcptcheck(8) lists them */
	const char *note;      /* one more, or NULL */
	const char *alarm;     /* what the administrator should see to, or NULL */
	const char *cache;     /* trouble with the cache, or NULL */
	const char *cdb;       /* trouble with the CDB, or NULL */
	enum settings_log log; /* the level that holds for this recipient */
	const char *probe;     /* trouble with rcptprobe, or NULL */
	bool asked;            /* outcome is set: now, or long ago if its age is not -1 */
	enum finding finding;
	struct outcome
	    outcome;    /* what came of asking; of an older answer only the answer itself */
	bool counted;   /* it came as far as the cache, so it belongs into statistics */
	bool trouble;   /* the verdict is our own trouble: the CDB, a dangling alias */
	bool spared;    /* the mode "warn" made an accept of it */
	bool rechecked; /* that answer was due for a new question, which nobody answered */

	/* to poll while not done */
	int fd;       /* -1: there is nothing to wait for but the time */
	short events; /* POLLIN or POLLOUT */
	int64_t wake; /* step again at this time (deadline.h) at the latest */

	/* its own */
	struct record record;
	struct address address;
	char path[ADDRESS_PATH_SIZE], key[ADDRESS_KEY_SIZE];
	struct probe_target target;
	int64_t started, deadline;
	enum freshness freshness; /* of what the cache has */
	struct cache_entry old;
	enum { CHECK_NOBODY, CHECK_REMOTE, CHECK_DIRECT } asking;
	struct remote remote;
	struct direct direct;
};

/*
 * Begins a check. started is when its time began (deadline.h): the setting budget counts from
 * there. address must stay until the check is done.
 */
void check_start(struct checker *checker, struct check *check, const char *address, size_t len,
    int64_t started);

/* A check that is decided before it begins. */
void check_settle(struct check *check, enum verdict verdict, const char *why, int64_t started);

/* Goes on without waiting. */
void check_step(struct checker *checker, struct check *check);

/* Gives a check up: a temporary failure. */
void check_stop(struct check *check, const char *why);

/* Counts a check that is done (tally.h). */
void check_count(const struct checker *checker, const struct check *check);

#endif
