/*
 * The login for a server, made of a pattern and the user who asked.
 */
#ifndef ROUTE_LOGINPATTERN_H
#define ROUTE_LOGINPATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct route;

/*
 * Makes of the pattern in route->login the login for who asked: %u is the user as asked for, %n
 * what is in front of the last "@", %d what is behind it, %% a percent sign; an empty pattern is
 * %u. Returns 0, or -1: too long.
 */
int loginpattern_expand(struct route *route, const char *user, size_t len);

/* Is this a pattern, and one that gives each user another login? */
bool loginpattern_good(const char *pattern, bool *various);

#endif
