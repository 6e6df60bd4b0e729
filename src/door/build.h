/*
 * data/rcptcheck.cdb: built from the database and the lists of users when anything of them has changed, and
 * then the files for delivery. It has its own state and its own bad rows, as routes.h has others.
 */
#ifndef DOOR_BUILD_H
#define DOOR_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "compile.h"
#include "lists.h"
#include "run.h"
#include "source.h"

struct build {
	struct run run;
	struct source source;
	struct lists lists;
	bool has_users; /* they were read, and the source has the domains of all lists */
	struct compile compile; /* the CDB that is being written, if cdb is not -1 */
	int cdb;
	int64_t started; /* deadline.h */
};

/*
 * Looks at what is there, and mends the cache. Returns 0, or 111 (EXIT_TEMPFAIL) when nothing may be built,
 * which it has said.
 */
int build_start(struct build *build, const struct run_options *options);

/*
 * Does all that is to be done, and prints what there is to be said. Returns an exit code: 0; 100
 * (EXIT_REJECT) when something is bad and rcptcheck.cdb is as it was; 111 (EXIT_TEMPFAIL).
 */
int build_run(struct build *build);

/* Gives up the CDB that is half done, if there is one. */
void build_abandon(struct build *build);

#endif
