/*
 * A callout: asks the servers of a domain, one after the other, until one makes a statement
 * about the address or none is left. Non-blocking; the caller polls, so that many can run side
 * by side.
 *
 *	callout_start(&callout, ...);
 *	while (!callout.done) {
 *		poll callout.fd for callout.events until callout.wake;
 *		callout_step(&callout);
 *	}
 *
 * Every wait ends at the deadline, whatever the time-outs of a server add up to.
 */
#ifndef RCPT_CALLOUT_H
#define RCPT_CALLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "smtp.h"

/* Sees each line that is sent ('>') or received ('<'), and what happens besides ('='). */
typedef void callout_watch(void *context, char direction, const char *bytes, size_t len);

struct callout {
	/* for the caller */
	bool done;
	int fd;       /* to poll; -1 when there is nothing to wait for but the time */
	short events; /* POLLIN or POLLOUT */
	int64_t wake; /* step again at this time (deadline.h) at the latest */

	/*
	 * when done: the answer, and the server it is from (its text is "" if none was asked)
	 */
	struct smtp_answer answer;
	char host[RECORD_SERVER_TEXT];

	/* its own */
	const struct record *record;
	const char *self; /* "192.0.2.1:25": the address our client came in by; never asked */
	struct smtp_question question;
	int64_t deadline;
	size_t next;
	bool connecting;
	struct smtp smtp;
	callout_watch *watch;
	void *watch_context;
};

/*
 * Begins to ask the servers of the record about path (address_path). record, self, path and
 * the context of watch must outlive the callout. watch may be NULL.
 */
void callout_start(struct callout *callout, const struct record *record, const char *self,
    const char *path, bool needs_utf8, int64_t deadline, callout_watch *watch,
    void *watch_context);

/* Goes on as far as it goes without waiting. */
void callout_step(struct callout *callout);

/* Ends it early, without a statement. */
void callout_stop(struct callout *callout);

#endif
