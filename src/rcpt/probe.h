/*
 * A probe finds out about one address: how far the domain's "no" is trusted decides what is
 * asked besides the address, the servers are asked in turn (callout.h), and what was heard is
 * remembered for all others. It says whom to ask what; who does that is the caller's business.
 *
 *	probe_start(&probe, ...);
 *	while (!probe.done) {
 *		while (!probe.callout.done)
 *			ask as callout.h says;
 *		probe_settle(checker, &probe, 1, false);
 *	}
 */
#ifndef RCPT_PROBE_H
#define RCPT_PROBE_H

#include "callout.h"
#include "trust.h"

/* The address. All of it must outlive the probe. */
struct probe_target {
	const struct record *record; /* of its domain */
	const char *key_domain;      /* that domain, in lower case */
	const char *path;            /* address_path */
	bool needs_utf8;
	const char *key; /* address_key: of the cache */
	size_t key_len;
	bool repeated; /* the cache has a "no" for it, which does not count any more */
};

struct probe {
	bool done;
	struct callout callout; /* with the outcome, when done */
	const char *cache;      /* trouble with the cache, or NULL */

	/* its own */
	const struct probe_target *target;
	int64_t deadline;
	struct trust trust;
	bool wants_again, again; /* it should be, it is asked for the second time */
	char control_path[ADDRESS_PATH_SIZE];
};

void probe_start(struct probe *probe, struct checker *checker,
    const struct probe_target *target, int64_t deadline);

/*
 * For probes of which the callouts are done: remembers what they brought, in one transaction.
 * Then each is done, or has a new callout: its answer was a "no" that is not to be believed, for
 * what others have heard meanwhile, and a control recipient may still prove it.
 *
 * Returns 1; 0 when there was nothing to remember, or it could not be; -1, and all is as before, when somebody else has
 * locked the cache, and patient is set.
 */
int probe_settle(
    struct checker *checker, struct probe *const *probes, size_t count, bool patient);

#endif
