/*
 * What a check learned from its callout, written down for the next ones: the verdict, and what
 * it tells about the server and the domain. One transaction.
 */
#ifndef RCPT_LEARN_H
#define RCPT_LEARN_H

#include "check.h"

/* Trouble with the cache goes into check->cache. */
void learn(struct checker *checker, struct check *check);

#endif
