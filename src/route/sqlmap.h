/*
 * The same look-up on rcptcheck.db itself, for a site that is small enough to do without rcptbuild:
 * all its patterns are read each time. It knows the table mailboxes and not the stored lists.
 */
#ifndef ROUTE_SQLMAP_H
#define ROUTE_SQLMAP_H

#include <stddef.h>

#include "base/line.h"
#include "route.h"
#include "routesettings.h"

/*
 * Returns 1 with the route and the settings that hold for it; 0; or -1 with why in trouble. Nothing
 * stays open. Rows that make no sense are passed over. Host names are not resolved.
 */
int sqlmap_find(const char *path, const char *user, size_t len, struct route *route,
    struct routesettings *settings, struct line *trouble);

/* Looks up the addresses of hosts that have none yet; each keeps its first. */
void sqlmap_resolve(struct route *route);

#endif
