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
#include "base/cdbfile.h"
#include "base/record.h"
#include "cache.h"
#include "callout.h"
#include "verdict.h"

#define CHECK_PATH_SIZE 512 /* small: each page touched costs at every start */

struct checker {
	char cdb_path[CHECK_PATH_SIZE], cache_path[CHECK_PATH_SIZE];
	struct cdbfile cdb; /* fd -1: not open */
	int64_t cdb_looked; /* when its path was last looked at (deadline.h) */
	const char
	    *cdb_kept; /* why a new CDB was not taken, the old one kept; NULL: it wasn't */
	struct cache cache;
	int64_t cache_looked; /* when it was last opened; 0: never */
	const char
	    *cache_trouble; /* why it is not open now; NULL: it is, or was never needed */
	const char *self;   /* callout_start */
	callout_watch *watch;
	void *watch_context;
};

struct check {
	bool done;
	enum verdict verdict;
	const char *why;       /* one constant word: rcptcheck(8) lists them */
	const char *note;      /* one more, or NULL */
	const char *cache;     /* trouble with the cache, or NULL */
	const char *cdb;       /* trouble with the CDB, or NULL */
	enum settings_log log; /* the level that holds for this recipient */
	bool asked; /* answer and host are set: by a server, or long ago if age is not -1 */
	enum finding finding;
	struct smtp_answer answer;
	char host[RECORD_SERVER_TEXT];
	int64_t age;    /* seconds since the cached answer was given; -1: not from the cache */
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
	bool have_old_no;
	struct cache_entry old_no; /* a cached "no" due for a new question */
};

/* Returns 0, or -1 when home is too long a path. Files are opened when they are needed. */
int checker_open(struct checker *checker, const char *home);

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

#endif
