/*
 * Asks rcptprobe how it is, over run/probe.sock.
 */
#ifndef DOOR_STATUSDESK_H
#define DOOR_STATUSDESK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "statusprobe.h"

#define STATUSDESK_MAX  200  /* servers that it tells about */
#define STATUSDESK_TIME 2000 /* ms */

#define STATUSDESK_SOCKET "run/probe.sock" /* below the home */

enum statusdesk_result {
	STATUSDESK_ABSENT = 0, /* there is no socket: it does not run, and need not */
	STATUSDESK_RUNS,       /* desk is set, and servers as far as it told of them */
	STATUSDESK_DEAD,       /* there is a socket, and nobody listens */
	STATUSDESK_HANGS,      /* no answer in time */
	STATUSDESK_SILENT,     /* it hung up without one */
	STATUSDESK_NONSENSE,   /* its answer makes no sense */
	STATUSDESK_FAILED,     /* nothing is known: error says why */
};

struct statusdesk {
	enum statusdesk_result result;
	int error;  /* errno */
	uid_t user; /* who has asked */
	struct statusprobe_desk desk;
	size_t count;
	struct statusprobe_server servers[STATUSDESK_MAX];
};

/* Takes up to STATUSDESK_TIME. The home is the working directory. */
void statusdesk_ask(struct statusdesk *statusdesk);

/* Does it run, as far as one can tell? */
bool statusdesk_runs(const struct statusdesk *statusdesk);

#endif
