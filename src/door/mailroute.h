/*
 * The route of a user (route.h), of all his rows.
 */
#ifndef DOOR_MAILROUTE_H
#define DOOR_MAILROUTE_H

#include "mailboxes.h"
#include "route/route.h"

/*
 * Makes the route of the user of that number; the names of hosts are resolved already. Its servers are in
 * the order of the rows, each once; one whose name has no address just now is there without. Returns NULL,
 * or why he can't have one: a constant text; route->entry is set in any case.
 */
const char *mailroute_make(
    const struct mailboxes *mailboxes, uint32_t number, struct route *route);

#endif
