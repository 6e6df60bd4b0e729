/*
 * What a probe learned from its callout, written down for the next ones: the verdict, and what
 * it tells about the server and the domain.
 */
#ifndef RCPT_LEARN_H
#define RCPT_LEARN_H

#include "probe.h"

/* Is there anything to learn from it? */
bool learn_wanted(const struct probe *probe);

/*
 * Learns it, within a write (cachewrite.h). Sets probe->wants_again, and learns nothing, when the
 * answer is a "no" that is not to be believed, for what others have heard meanwhile, and there is
 * a control recipient that may still prove it. Returns 0, or -1 for trouble with the cache.
 */
int learn(struct probe *probe, struct cache *cache);

#endif
