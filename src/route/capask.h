/*
 * Connects to a server and asks it what it can do (capability.h).
 */
#ifndef ROUTE_CAPASK_H
#define ROUTE_CAPASK_H

#include <stdint.h>

#include "capability.h"
#include "route.h"
#include "routesettings.h"

/*
 * The connection may take as long as settings->timeout says, all of it until the deadline
 * (deadline.h). Returns 0 with capability->set and ->protocol, or -1 with capability->why.
 */
int capask(struct capability *capability, const struct record_server *server,
    const struct routesettings *settings, int64_t deadline);

#endif
