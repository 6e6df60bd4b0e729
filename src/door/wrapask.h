/*
 * Asks about recipients: a process for each, or one for all of a session.
 *
 *	wrapask_ask(&ask, i, recipient, sender, helo, now);
 *	poll until wrapask_wake, on wrapask_poll's descriptors; SIGCHLD must end the wait;
 *	wrapask_step(&ask, now);
 *	jobs[i].state WRAPASK_DONE: jobs[i].answer; set it to WRAPASK_IDLE.
 *
 * A job is always done by its deadline, whatever the program does.
 */
#ifndef DOOR_WRAPASK_H
#define DOOR_WRAPASK_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/line.h"
#include "wrapanswer.h"
#include "wrapsession.h"
#include "wrapspawn.h"

#define WRAPASK_POLLED   2
#define WRAPASK_RESTARTS 3 /* of the one for all, in a session */

struct wrapask_job {
	enum { WRAPASK_IDLE, WRAPASK_RUNNING, WRAPASK_DONE } state;
	const char *recipient;
	int64_t deadline;
	struct wrapanswer answer;
	/* of its own process */
	pid_t child;
	int reply; /* what it writes on descriptor 4 */
};

/* The one for all: rcptcheck -b. Its questions are answered in order. */
struct wrapask_keep {
	pid_t child; /* 0: there is none */
	int to, from;
	unsigned failures;
	int queue[WRAPSESSION_QUESTIONS]; /* jobs, the oldest first */
	size_t count;
	size_t out_len, in_len;
	char out[WRAPSESSION_QUESTIONS * (WRAPCOMMAND_PATH_SIZE + 1)];
	char in[2 * LINE_SIZE + 2];
};

struct wrapask {
	const char *program;
	bool keeps;
	int64_t wait;    /* ms, for one answer */
	const char *log; /* value of RCPTCHECK_LOG for the one for all; NULL: as it is */
	struct wrapspawn_environment environment;
	struct wrapask_job jobs[WRAPSESSION_QUESTIONS];
	struct wrapask_keep keep;
};

/* recipient must stay until the job is done; the strings behind it need not. */
void wrapask_ask(struct wrapask *ask, int job, const char *recipient, const char *sender,
    const char *helo, int64_t now);

/* Fills in the descriptors to wait for. Returns how many: at most WRAPASK_POLLED. */
nfds_t wrapask_poll(const struct wrapask *ask, struct pollfd *pollfds);

/* When to step at the latest (deadline.h); INT64_MAX: there is nothing to wait for. */
int64_t wrapask_wake(const struct wrapask *ask);

void wrapask_step(struct wrapask *ask, int64_t now);

/* Ends all that runs. What only has no more questions may take until then to end by itself. */
void wrapask_end(struct wrapask *ask, int64_t until);

/* The one for all: wrapkeep.c. */
void wrapkeep_ask(struct wrapask *ask, int job);
void wrapkeep_step(struct wrapask *ask, int64_t now);
void wrapkeep_end(struct wrapask *ask, int64_t until);

#endif
