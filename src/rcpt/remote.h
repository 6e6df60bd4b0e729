/*
 * Asking rcptprobe, which holds connections to the servers. It makes things faster, never less
 * reliable: where it does not run, does not answer in time or does not make sense, the check asks
 * the servers itself. Non-blocking; the caller polls.
 */
#ifndef RCPT_REMOTE_H
#define RCPT_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checker.h"
#include "wire.h"

enum remote_state {
	REMOTE_WAITING,
	REMOTE_ANSWERED, /* answer is set */
	REMOTE_LATE,     /* the deadline came first: it was still asking */
	REMOTE_FAILED,   /* ask the servers */
};

struct remote {
	enum remote_state state;
	int fd;       /* to poll; -1: none */
	short events; /* POLLIN */
	int64_t wake; /* step again at this time (deadline.h) at the latest */
	struct wire_answer answer;
	const char *trouble; /* failed, though it runs: a constant text for the log, or NULL */

	/* its own */
	int64_t deadline;
};

/* Asks about an address as the mail server gave it. */
void remote_start(struct remote *remote, struct checker *checker, const char *address,
    size_t len, int64_t deadline);

/* Goes on without waiting. */
void remote_step(struct remote *remote);

void remote_stop(struct remote *remote);

/* Has it ask again for the cache what the cache still knows; nobody waits for that. */
void remote_refresh(struct checker *checker, const char *address, size_t len);

#endif
