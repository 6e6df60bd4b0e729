/*
 * What came of asking about one address: the answer, whose it is, and what else was heard on the
 * way that bears on how far it can be believed.
 */
#ifndef RCPT_OUTCOME_H
#define RCPT_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/record.h"
#include "cache.h"
#include "inquiry.h"

struct outcome {
	struct smtp_answer answer;
	char host[RECORD_SERVER_TEXT]; /* the server it is from; "" if none was asked */
	enum inquiry_control control;
	enum inquiry_catch_all catch_all; /* what that server said just now */
	bool answered;   /* some server has answered RCPT, and not with a "no" */
	bool remembered; /* nobody was asked: it is known to accept any address */
	bool busy;       /* nobody was asked: we had no room for the question */
	bool broken;     /* trust_is_broken: a "no" without a control counts as nothing */
	int64_t age;     /* seconds since the answer was given; -1: just now */
	int64_t catch_all_since; /* seconds since 1970: a server has done so; 0: none ever */
};

/* Nothing is known yet. */
void outcome_clear(struct outcome *outcome);

/* The answer of a cache entry, in place of whatever answer there is. now: seconds since 1970. */
void outcome_recall(struct outcome *outcome, const struct cache_entry *entry, int64_t now);

/* Is its answer a "no" of a domain that says so too often, without a control that proves it? */
bool outcome_is_unproven(const struct outcome *outcome);

#endif
