/*
 * All domains that mail is taken for, and where it goes.
 */
#ifndef DOOR_DELIVERYTARGET_H
#define DOOR_DELIVERYTARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source.h"

struct deliverytarget {
	bool local; /* it has users of our own, and maybe servers too */
	/* An alias of nothing: rcptcheck puts mail for it off, but for postmaster, always_accept and a mode
	   that does not enforce. What is accepted so waits until there is a server. */
	bool nothing;
	size_t count;
	struct record_server servers[RECORD_SERVERS_MAX];
	const char *host; /* without addresses: the name of which none is known; NULL: none */
	unsigned port;
};

typedef void deliverytarget_take(
    void *context, uint32_t domain, const struct deliverytarget *target);

/* Calls take for each domain, by its number. Returns 0, or -1 when servers of one are not known. */
int deliverytarget_each(struct source *source, deliverytarget_take *take, void *context);

#endif
