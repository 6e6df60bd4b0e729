/*
 * A file for delivery while it is made, of whatever form it is: which domains are in it and which can't be,
 * and whether too many are gone.
 */
#ifndef DOOR_DELIVERYMAKING_H
#define DOOR_DELIVERYMAKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "source.h"

/* Starts with what is named first, all else is zero. */
struct deliverymaking {
	struct source *source;
	bool anything_goes; /* it may lose any number of domains */
	/* For each name whether mail for it has a way: smtproutes notes it, and others, if it is not NULL,
	   have no other domains. */
	unsigned char *has_way;

	/* Of routes: the files that take mail for them, or NULL; and how many stay that are in no table,
	   since one of these has them (deliverykeep.h), and the first of them. */
	const char *text_hosts, *cdb_hosts;
	uint32_t kept;
	char first_kept[DOMAIN_UNICODE_SIZE];

	/* Domains that can't be written, and the first of them. */
	uint32_t left_out, first_left_out;
	size_t written; /* domains that are */
	bool failed;
	char why[160];
};

void deliverymaking_leave_out(struct deliverymaking *making, uint32_t domain);

void deliverymaking_keep(struct deliverymaking *making, const char *domain, size_t len);

/* Has mail for the domain a way? Else it is left out. */
bool deliverymaking_has_way(struct deliverymaking *making, uint32_t domain);

/*
 * Would a file that had so many domains lose too many? Returns NULL, or why it is not to be written: a text
 * in making.
 */
const char *deliverymaking_judge_loss(struct deliverymaking *making, size_t was);

#endif
