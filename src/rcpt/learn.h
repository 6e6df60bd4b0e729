/*
 * What a check learned from its callout, written down for the next ones: the verdict, and what
 * it tells about the server and the domain. One transaction.
 */
#ifndef RCPT_LEARN_H
#define RCPT_LEARN_H

#include "check.h"

/*
 * Returns false when the answer is a "no" that is not to be believed, for what other checks have
 * heard while this one asked, and a control recipient may still prove it: nothing is learned,
 * it should be asked again. Trouble with the cache goes into check->cache.
 */
bool learn(struct checker *checker, struct check *check);

#endif
