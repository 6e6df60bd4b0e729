/*
 * The home of rcptcheck as rcptbuild and rcptstatus work in it: where it is, and the paths of
 * its files from there.
 */
#ifndef DOOR_HOME_H
#define DOOR_HOME_H

#define HOME_DATABASE      "data/rcptcheck.db"
#define HOME_CDB           "data/rcptcheck.cdb"
#define HOME_STATE         "data/rcptbuild.state"
#define HOME_COUNTS        "data/rcptbuild.counts"
#define HOME_ROUTES        "data/routes.cdb"
#define HOME_ROUTES_STATE  "data/routes.state"
#define HOME_ROUTES_COUNTS "data/routes.counts"
#define HOME_ROUTE         "route" /* what its programs write */
#define HOME_FEEDS         "data/feeds"
#define HOME_LOCK          "data/rcptbuild.lock" /* not the folder, which any user could lock */
#define HOME_CACHE         "cache/verdicts.db"

/* RCPTCHECK_HOME, or what was compiled in. */
const char *home_path(void);

/*
 * The path of the database, past a link of its name: SQLite keeps its -wal and -journal beside
 * the file, not beside the link. Good until the next call.
 */
const char *home_database(void);

/*
 * Keeps all others who call it out, until the process ends, and waits so many milliseconds for
 * one who was first; waiting is called once if so. Returns 0, or -1 with errno: EWOULDBLOCK
 * when the time was over.
 */
int home_lock(int wait_ms, void (*waiting)(void));

#endif
