/*
 * What all back ends of one protocol can do, as nginx and Perdition want it in their configuration.
 */
#ifndef ROUTE_COMMON_H
#define ROUTE_COMMON_H

#include <stdio.h>

#include "capability.h"

struct common {
	enum capability_protocol protocol;
	size_t servers; /* that have answered */
	struct capability_set set;
};

/* Takes what one more server can do. */
void common_add(struct common *common, const struct capability *capability);

/* Prints it, for both; nothing when no server has answered. */
void common_print(const struct common *common, FILE *out);

#endif
