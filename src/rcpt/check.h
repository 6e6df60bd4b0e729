/*
 * The check: one recipient, one verdict. CDB, cache and callout come together here; nothing
 * here knows who asks or how the answer is told.
 *
 *	checker_open(&checker, home);
 *	check_start(&checker, &check, address, len, deadline_now());
 *	while (!check.done) {
 *		poll check.callout as callout.h says;
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
#include "callout.h"
#include "checker.h"
#include "trust.h"
#include "verdict.h"

/* An answer in the cache that does not count by itself any more, but may if no other is had. */
enum check_old {
	CHECK_OLD_NONE,
	CHECK_OLD_NO,    /* due for a new question, not expired */
	CHECK_STALE_YES, /* expired */
	CHECK_STALE_NO,
};

struct check {
	bool done;
	enum verdict verdict;
	const char *why;       /* one constant word: rcptcheck(8) lists them */
	const char *note;      /* one more, or NULL */
	const char *alarm;     /* what the administrator should see to, or NULL */
	const char *cache;     /* trouble with the cache, or NULL */
	const char *cdb;       /* trouble with the CDB, or NULL */
	enum settings_log log; /* the level that holds for this recipient */
	bool asked; /* answer and host are set: by a server, or long ago if age is not -1 */
	enum finding finding;
	struct smtp_answer answer;
	char host[RECORD_SERVER_TEXT];
	enum inquiry_control control; /* what became of the control recipient */
	int64_t age;    /* seconds since the cached answer was given; -1: not from the cache */
	bool counted;   /* it came as far as the cache, so it belongs into statistics */
	bool trouble;   /* the verdict is our own trouble: the CDB, a dangling alias */
	bool spared;    /* the mode "warn" made an accept of it */
	bool rechecked; /* that answer was due for a new question, which nobody answered */

	struct callout callout; /* to poll while not done */

	/* its own */
	struct record record;
	struct address address;
	char path[ADDRESS_PATH_SIZE], key[ADDRESS_KEY_SIZE];
	size_t key_len;
	int64_t started, deadline;
	enum check_old old_kind;
	struct cache_entry old;
	struct trust trust;
	bool again;  /* it is asked for the second time */
	bool broken; /* trust_is_broken: a "no" without a control counts as nothing */
	char control_path[ADDRESS_PATH_SIZE];
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

/* Is its answer a "no" of a domain that says so too often, without a control that proves it? */
bool check_is_unproven(const struct check *check);

#endif
