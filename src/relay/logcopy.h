/*
 * relaylog at work: lines in, the same bytes or answers out, marks to relayd. None of the three
 * ways waits for another, but that nothing is read while there is no room for what was.
 */
#ifndef RELAY_LOGCOPY_H
#define RELAY_LOGCOPY_H

#include <signal.h>
#include <stdbool.h>

#include "logfeed.h"
#include "match.h"
#include "tell.h"

enum logcopy_out {
	LOGCOPY_NOTHING,
	LOGCOPY_LINES,   /* all bytes, unchanged */
	LOGCOPY_ANSWERS, /* "OK" at the start, and for each line */
};

struct logcopy {
	struct logfeed feed;
	int out_fd;
	enum logcopy_out out;
	struct match_terms terms;
	struct tell tell;
	bool verbose;
	const volatile sig_atomic_t *stop; /* becomes true: to end at the end of a line */
	sigset_t waiting;                  /* the signals that are blocked while it waits */
	void (*log)(const char *key, const char *value, const char *reason);
	void (*log_match)(const struct match *match, enum match_result result);
};

enum logcopy_end {
	LOGCOPY_DONE,    /* end of file, or stopped; all was copied */
	LOGCOPY_NO_OUT,  /* nobody takes what we copy */
	LOGCOPY_TROUBLE, /* errno */
};

/* feed and tell are open. */
enum logcopy_end logcopy_run(struct logcopy *copy);

#endif
