/*
 * A run of rcptbuild for one of the files it makes: what was asked for, what is remembered and there, and
 * what is said.
 */
#ifndef DOOR_RUN_H
#define DOOR_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdbfile.h"
#include "report.h"
#include "state.h"

struct run_options {
	bool check, force, verbose;
	bool watched; /* somebody wants to see all messages, even if they were printed before */
	bool forgiven; /* any list may have shrunk; with force that of feed may in any case */
	const char *feed;     /* the name of the list that came in for this file, or NULL */
	int fd;               /* and the list */
	const char *bad_feed; /* why it is bad as a whole, or NULL */
	const char *database;
	int folder;  /* a descriptor of data */
	int64_t now; /* seconds since 1970 */
};

struct run {
	const struct run_options *options;
	struct report report;    /* what is wrong with the rows */
	struct state old, next;  /* what the last run left, and what this one will */
	struct cdbfile previous; /* the file in use, if have_previous */
	bool have_previous;
};

/* Looks at what is there: state and cdb are paths. The previous file is not opened. */
void run_start(
    struct run *run, const struct run_options *options, const char *state, const char *cdb);

/* Must it be done in any case, or is there something that it has to say again? */
bool run_is_wanted(const struct run *run);

/* Says only what is to be said now. */
void run_say(struct run *run);

/*
 * Something is bad: says so. What run->old has is to be saved then, so that nothing else is remembered and
 * the next run reads all again.
 */
void run_reject(struct run *run);

#endif
