/*
 * Where routehttp listens: sockets that accept without waiting. Also, addresses with ports as they are
 * written in its arguments.
 */
#ifndef DOOR_AUTHLISTEN_H
#define DOOR_AUTHLISTEN_H

#include <stdbool.h>

#include "base/record.h"

/*
 * "192.0.2.1:25", "[2001:db8::1]:25", an address alone, which has the port given, or a port alone, which is
 * that of 127.0.0.1 if ports_alone. Returns false when it is none of them.
 */
bool authlisten_parse(
    struct record_server *server, const char *text, unsigned port, bool ports_alone);

bool authlisten_is_loopback(const struct record_server *server);

/* Both return a descriptor, or -1 with errno. */
int authlisten_tcp(const struct record_server *server);

/*
 * In the place of what has that path, if that is a socket (EEXIST: it is another file): whoever connects
 * gets the old one or the new one. Its owner and group can connect; the group is the folder's if
 * that has its set-group-id bit.
 */
int authlisten_unix(const char *path);

#endif
