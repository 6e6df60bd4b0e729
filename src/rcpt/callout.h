/*
 * A callout: asks the servers of a domain, one after the other, until one makes a statement
 * about the address or none is left. What is known of the servers decides which are asked at
 * all. Non-blocking; the caller polls, so that many can run side by side.
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
#include "checker.h"
#include "inquiry.h"
#include "memory.h"
#include "talk.h"

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
	enum inquiry_control control;
	enum inquiry_catch_all catch_all; /* what that server said just now */
	bool answered;           /* some server has answered RCPT, and not with a "no" */
	bool remembered;         /* nobody was asked: it is known to accept any address */
	int64_t catch_all_since; /* seconds since 1970: a server has done so; 0: none ever */
	const char *cache;       /* trouble with the cache, or NULL */

	/* its own */
	struct checker *checker;
	const struct record *record;
	const char *domain;
	struct inquiry_question question;
	struct talk_terms terms;
	struct talk talk;
	char nobody[ADDRESS_PATH_SIZE];
	char server[RECORD_SERVER_TEXT]; /* the one being asked */
	size_t next, asked, lacking_utf8;
	bool talking;
	bool claimed; /* its mark is ours */
	bool have_spare;
	size_t spare; /* of those left alone, the one that was tried longest ago */
	struct memory spare_mark;
};

/*
 * Begins to ask the servers of the record. domain is the one asked about, in lower case.
 * question is copied, but for its member nobody; record, domain and the texts of the question
 * must outlive the callout.
 */
void callout_start(struct callout *callout, struct checker *checker,
    const struct record *record, const char *domain, const struct inquiry_question *question,
    int64_t deadline);

/* Goes on as far as it goes without waiting. */
void callout_step(struct callout *callout);

/* Ends it early, without a statement. */
void callout_stop(struct callout *callout);

#endif
