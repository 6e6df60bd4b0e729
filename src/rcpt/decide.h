/*
 * How what was found out about a recipient becomes its verdict: the settings, the mode, and what
 * an older answer is good for. No I/O.
 *
 * Each call sets the verdict and its why (a constant word), and the check is done.
 */
#ifndef RCPT_DECIDE_H
#define RCPT_DECIDE_H

#include "check.h"

void decide(struct check *check, enum verdict verdict, const char *why);

/* But in the mode "warn" nothing is refused; the log says what would have been. */
void decide_by_mode(struct check *check, enum verdict verdict, const char *why);

/* By a setting: an enum settings_action. */
void decide_by_action(struct check *check, uint32_t action, const char *why);

/*
 * By what a server says, or not. The one place where a "no" is made: only of a finding that is a
 * statement about the address.
 */
void decide_by_finding(struct check *check, enum finding finding, const char *why);

/* By what the cache has. */
void decide_by_entry(struct check *check, const struct cache_entry *entry, const char *why);

/* By what the callout brought, check->answer, or else by what is older. */
void decide_by_answer(struct check *check, bool can_defer);

/*
 * Nobody made a statement. An older one may hold on while nobody can be asked. can_defer: the
 * caller can put off one recipient.
 */
void decide_without_answer(struct check *check, enum finding finding, bool can_defer);

#endif
