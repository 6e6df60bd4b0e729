/*
 * A callout: the servers of a domain, one after the other, until one makes a statement about the
 * address or none is left. What is known of the servers decides which are asked at all. It says
 * whom to ask what; who does that, and how, is the caller's business.
 *
 *	callout_start(&callout, ...);
 *	while (!callout.done) {
 *		ask callout.record->servers[callout.number] callout.question;
 *		when it keeps us waiting, once: callout_slow(&callout);
 *		callout_take(&callout, ...);
 *	}
 */
#ifndef RCPT_CALLOUT_H
#define RCPT_CALLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "checker.h"
#include "memory.h"
#include "outcome.h"

struct callout {
	bool done;
	struct outcome outcome; /* when done */

	/* until then: */
	size_t number;                    /* of the server to ask */
	char server[RECORD_SERVER_TEXT];  /* the same one */
	struct inquiry_question question; /* what to ask */

	const char *cache; /* trouble with the cache, or NULL */

	/* its own */
	struct checker *checker;
	const struct record *record;
	const char *domain;
	int64_t deadline;
	char nobody[ADDRESS_PATH_SIZE];
	size_t next, asked, lacking_utf8;
	bool wanted;  /* there is a server to ask */
	bool claimed; /* its mark is ours */
	bool hurried; /* there is less time than a sound one may need */
	bool have_spare;
	size_t spare; /* of those left alone, the one that was tried longest ago */
	struct memory spare_mark;
};

/*
 * Begins with the servers of the record. domain is the one asked about, in lower case. question
 * is copied, but for its member nobody; record, domain and the texts of the question must
 * outlive the callout. After the deadline no other server is asked.
 */
void callout_start(struct callout *callout, struct checker *checker,
    const struct record *record, const char *domain, const struct inquiry_question *question,
    int64_t deadline);

/*
 * The server keeps us waiting longer than a sound one does; greeted: but it has greeted us. Returns
 * false if it is to be left: the caller stops, and calls callout_take with the note "down".
 */
bool callout_slow(struct callout *callout, bool greeted);

/*
 * The inquiry about the question is over. timed_out: by a time-out of the settings, not the
 * deadline.
 */
void callout_take(struct callout *callout, const struct inquiry *inquiry, bool timed_out);

/* There is no room to ask this server. */
void callout_skip(struct callout *callout);

/* Ends it early, without a statement. */
void callout_stop(struct callout *callout);

#endif
