/*
 * How far the "no" of a domain is to be trusted. What each server says is one thing; that a
 * domain all at once knows nobody any more, or never knew anybody, is another, and more likely
 * to be a mistake in its configuration than the truth.
 *
 * A "no" is in doubt, and counts only if a control recipient is accepted in the same
 * conversation,
 *	- while no address of the domain is known to have been accepted,
 *	- from the twentieth new "no" in ten minutes on without a "yes" between them (the ten
 *	  minutes begin with the first of them),
 *	- once the control of that one was not accepted, or any other was refused, until a "yes"
 *	  or a control is.
 *
 * Postmaster and other role addresses are often exempt from what keeps a server from taking our
 * mail. That they are accepted shows less (inquiry.h), so they are never remembered as good.
 */
#ifndef RCPT_TRUST_H
#define RCPT_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"
#include "cache.h"
#include "inquiry.h"
#include "memory.h"

struct trust {
	char domain[RECORD_NAME_SIZE];
	struct memory memory;
};

/* Begins with nothing known of a domain, a name in lower case. */
void trust_begin(struct trust *trust, const char *domain);

/* Recalls what is; a damaged row is nothing. Returns 0, or -1 for trouble with the cache. */
int trust_recall(struct trust *trust, struct cache *cache);

/* Is a clear "no" in doubt now? */
bool trust_doubts(const struct trust *trust, int64_t now);

/* And is that for one of the last two reasons, so that without a control it counts as nothing? */
bool trust_is_broken(const struct trust *trust, int64_t now);

/*
 * The mailbox to ask as control recipient: what the setting says; for "auto" the newest good
 * one that is known, else postmaster. "" for "none".
 */
void trust_control(const struct trust *trust, const struct settings *settings, int64_t now,
    char control[ADDRESS_PATH_SIZE]);

/* What was learned from one inquiry. */
struct trust_lesson {
	bool broken;                  /* trust_is_broken */
	enum finding finding;         /* about the address, all things considered */
	enum inquiry_control control; /* and the mailbox that was asked as control */
	const char *control_path;
	bool repeated;          /* a "no" that was one before */
	const char *key_domain; /* as in the cache, where it may be another form */
	const char *good; /* the mailbox that exists, if it is fit to be a control; or NULL */
	int64_t good_for; /* seconds that a "yes" holds: for good, or the control */
};

/*
 * Learns it, after a trust_recall within the same write (cachewrite.h). Verdicts that become
 * doubtful by it are forgotten. Returns 0 or -1.
 */
int trust_learn(
    struct trust *trust, struct cache *cache, const struct trust_lesson *lesson, int64_t now);

#endif
