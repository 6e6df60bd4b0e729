/*
 * The map: finds the route of a user in routes.cdb (route.h). A file that was replaced is noticed
 * at the next question; a new one that fails its checks leaves the old one in use.
 */
#ifndef ROUTE_MAP_H
#define ROUTE_MAP_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/cdbfile.h"
#include "base/line.h"
#include "route.h"
#include "routesettings.h"

#define MAP_FILE "data/routes.cdb" /* below the home */

struct map {
	char path[PATH_MAX];
	bool is_open;
	struct cdbfile file;
	struct routesettings settings; /* of the file that is open */
	struct {
		dev_t device;
		ino_t inode;
		struct timespec changed;
	} refused; /* the last file that failed its checks: said once */
	struct line trouble;
	bool untold; /* trouble was not told yet */
};

/* Nothing is opened yet. Returns 0, or -1 with errno ENAMETOOLONG. */
int map_start(struct map *map, const char *path);

/*
 * Finds the route of a user as a client gives it, with or without a domain. Returns 1 with the
 * route, whose login is that for the server; 0 when the map has none; -1 with errno when that
 * cannot be known: ENOENT when there is no file and was none, EACCES, EPROTO when it is damaged,
 * ... What the order of look-ups is, route(7) says.
 */
int map_find(struct map *map, const char *user, size_t len, struct route *route);

/*
 * What there is to be logged: a text of why a file cannot be used, once for each file (the old one
 * may still be in use), or NULL.
 */
const char *map_trouble(struct map *map);

/* The port of "imap" or "pop3" where a server has none; 0 for other protocols. */
uint16_t map_port(const struct map *map, const char *protocol);

/* Opens the file, or the one that took its place. Returns 0, or -1 with errno as above. */
int map_refresh(struct map *map);

void map_close(struct map *map);

#endif
