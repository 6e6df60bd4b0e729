/*
 * The loop of routehttp: connections of nginx, all side by side; passwords that are checked, recipients
 * that are, servers that are tried. Nobody waits for another, and all is bounded in number.
 */
#ifndef DOOR_AUTHDESK_H
#define DOOR_AUTHDESK_H

#include <stdbool.h>

#include "authsession.h"
#include "base/line.h"
#include "checkpw.h"
#include "checkpwlost.h"
#include "rcpt/checker.h"
#include "route/livefile.h"
#include "route/map.h"
#include "servequeue.h"

#define AUTHDESK_SESSIONS   1024
#define AUTHDESK_RECIPIENTS 512 /* of them, that those who log in find room */
#define AUTHDESK_CHILDREN   40

struct authdesk {
	struct authmail_policy policy;
	struct checkpw *checkpw; /* NULL: there is no program for passwords */
	struct map map;
	const char *live_path;
	struct checker checker;
	const char
	    *no_recipients; /* why recipients can't be checked, a word for the log; or NULL */
	struct record_server smtp; /* for mail without a server of its own; family 0: none */
	void (*log)(const struct line *line);
	int level;    /* enum settings_log for logins; of checks too, unless it is -1 */
	int listener; /* -1: none */

	/* its own */
	struct livefile live;
	int64_t live_looked; /* when its path was last looked at (deadline.h); 0: never */
	struct servequeue queue;
	struct authsession *sessions[AUTHDESK_SESSIONS]; /* made when they are needed */
	bool used[AUTHDESK_SESSIONS];
	size_t made, open, recipients, children;
	uint64_t tickets;
	int64_t full_told;       /* when all were taken, the last time; 0: never */
	struct checkpwlost lost; /* not among the children any more */
	bool stopping;
};

/*
 * All but what is named first must be zero; map, checker and policy are ready. Catches SIGCHLD and
 * SIGTERM. Returns 0, or -1 with errno.
 */
int authdesk_start(struct authdesk *desk);

/* A connection that is there already. Returns 0, or -1 with errno. */
int authdesk_add(struct authdesk *desk, int in, int out);

/*
 * Serves until SIGTERM where there is a listener, and else until the last connection is done. What was
 * begun is ended first.
 */
void authdesk_run(struct authdesk *desk);

#endif
