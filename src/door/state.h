/*
 * What rcptbuild remembers between its runs, so that one a minute costs next to nothing: the
 * stamps of the files it read and wrote, a checksum of all that went into the CDB, and what it
 * has said.
 *
 * data/rcptbuild.state, one line each: "rcptbuild.state 4", the members of struct state in
 * order as hexadecimal numbers, the checksum of all these lines as another. A file that is not
 * exactly that is as good as none, it only costs a run.
 */
#ifndef DOOR_STATE_H
#define DOOR_STATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A file as stat(2) sees it, times in nanoseconds. All zero: there is none. Of a write-ahead
 * log we take the contents instead, a sum of them in modified and 0 in changed: when root opens
 * it, SQLite sets its owner, so its ctime is new each time we have read the database.
 */
struct state_stamp {
	uint64_t device, inode, size, modified, changed;
};

/* Numbers only, of 64 bits each. */
struct state {
	struct state_stamp database, wal, journal; /* as they were before they were read */
	struct state_stamp accounts, accounts_wal, accounts_journal; /* of users_database */
	struct state_stamp feeds;                                    /* all of them (feeds.h) */
	uint64_t delivery;          /* the files that were written for it (deliverypaths.h) */
	uint64_t read_at;           /* when that was, nanoseconds since 1970 */
	struct state_stamp cdb;     /* the CDB we wrote */
	struct state_stamp program; /* the rcptbuild that did */
	uint64_t host;              /* checksum of the host's name */
	uint64_t digest;            /* of all that went into the CDB but users */
	uint64_t users;             /* of these */
	uint64_t resolved_at;       /* seconds since 1970; 0: there are no names */
	uint64_t resolve_every;     /* seconds */
	uint64_t failed;            /* names that did not resolve then */
	uint64_t said;              /* checksum of the messages last found */
	uint64_t said_at;           /* when they were last printed, seconds */
	uint64_t
	    failed_since; /* all runs since then have failed, seconds; 0: the last did not */
	uint64_t failed_code; /* exit code of the last one; 0 if it did not fail */
};

/* Notes the files and the host as they are now; the rest is 0. */
void state_look(struct state *state, const char *database, const char *cdb);

/* Notes users_database as it is now: path, or NULL where there is none. */
void state_look_accounts(struct state *state, const char *path);

void state_stamp(struct state_stamp *stamp, const char *path);

/*
 * Is nothing to be done, going by what was remembered and what is there? now is in seconds. A
 * file that changed less than two seconds before it was read may have changed again within the
 * same tick of the clock, so it is not trusted (as git's index does it).
 */
bool state_is_current(const struct state *old, const struct state *now_there, int64_t now);

/* Are all lists of users as they were, going by the same? */
bool state_same_users(const struct state *old, const struct state *now_there);

/* Is the CDB that is there the one we wrote? */
bool state_same_file(const struct state_stamp *a, const struct state_stamp *b);

/*
 * When the database was changed after it was read last, in seconds; 0: it was not, or who asks
 * may not see that; -1: it is gone.
 */
int64_t state_changed_at(const struct state *old, const char *database);

/* Are names of the last run still fresh? */
bool state_names_fresh(const struct state *old, uint64_t resolve_every, int64_t now);

/*
 * Are messages of this checksum to be printed? When they differ from the last ones, and then
 * once an hour, for cron mails every line. No messages, checksum 0: no.
 */
bool state_must_say(const struct state *old, uint64_t said, int64_t now);

/* Returns 0, or -1: all zero then. */
int state_load(struct state *state, const char *path);

/* Returns 0, or -1 with errno. folder is a descriptor of its folder. */
int state_save(const struct state *state, const char *path, int folder);

/*
 * Remembers with which exit code a run ends, in the file as it is; all else in it stays. What
 * cannot be saved is forgotten.
 */
void state_end(const char *path, int folder, int code, int64_t now);

#endif
