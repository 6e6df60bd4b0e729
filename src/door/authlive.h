/*
 * What is remembered of servers (route/livefile.h), as routehttp asks for it: a small file that is shared, and
 * without it all goes on.
 */
#ifndef DOOR_AUTHLIVE_H
#define DOOR_AUTHLIVE_H

#include <stdbool.h>

#include "authdesk.h"

/* Now and then it is seen whether what is open is still the file. */
void authlive_refresh(struct authdesk *desk);

/* Has somebody said that it is down? */
bool authlive_is_down(struct authdesk *desk, const struct record_server *server);

#endif
