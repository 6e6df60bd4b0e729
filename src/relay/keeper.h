/*
 * What relayd keeps: relay.db and, made from it, relay.cdb and the rules for tcpserver. It takes
 * marks, removes what is over, and sees what others change; all without waiting. relayage does the
 * same where no relayd runs.
 */
#ifndef RELAY_KEEPER_H
#define RELAY_KEEPER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cdbfile.h"
#include "base/line.h"
#include "relaychange.h"
#include "relaydb.h"
#include "rulesfile.h"

#define KEEPER_ROWS_MAX 1000000 /* addresses that may relay at a time; more are not taken */
#define KEEPER_TICK     500     /* ms between two looks at what others have changed */

struct keeper {
	/* the caller's */
	void (*log)(const struct line *line);
	const char
	    *rules_base; /* of tcprules; "" for none; NULL: no rules, but if there are some */
	bool quiet;      /* nothing is said of rows that are left out, and rules that stay */
	bool loopback;   /* marks of this host's own addresses let it relay */

	int64_t expire; /* the setting relay_expire, in seconds */

	/* its own */
	char home[PATH_MAX / 2];
	int folder; /* relay */
	struct relaydb db;
	struct relaychange change; /* between keeper_begin and keeper_end */
	struct cdbfile published;  /* relay.cdb as we made it */
	bool has_published;
	uint64_t count; /* of addresses in it */
	bool has_rules;
	struct rulesfile rules;
	bool foreign_told; /* we said that tcp.smtp.cdb is not ours */
	bool due;          /* relay.cdb is to be made anew */
	int64_t made;      /* when relay.cdb was made (deadline.h); below 0: when that failed */
	int64_t next;      /* when it must be made again */
	int64_t tick, swept;   /* when we last looked, and swept */
	int64_t version;       /* relaydb_version */
	int64_t loopback_told; /* when we said that such a login opens nothing (deadline.h) */
	int64_t told;          /* when trouble last was (deadline.h); 0: there was none */
	dev_t database_device;
	ino_t database, settings;
};

/* Opens all, under the lock (relaylock.h). Returns 0, or -1 after a line of the log that says why. */
int keeper_open(struct keeper *keeper, const char *home);

/*
 * Marks come between begin and end. begin returns false when relay.db is locked or in trouble: then
 * it is to be tried again later. end returns false when what came is not there: it must come again.
 */
bool keeper_begin(struct keeper *keeper);
bool keeper_end(struct keeper *keeper);

/* A login. Returns NULL, or why it is not taken, and never will be. */
const char *keeper_mark(struct keeper *keeper, const struct relaywire_mark *mark);

/* Removes logins older than these minutes. */
void keeper_age(struct keeper *keeper, int64_t minutes);

/* Must tcp.smtp.cdb be left as it is, so that who is removed may still relay by it? */
bool keeper_rules_stay(const struct keeper *keeper);

/*
 * Sees what has changed and does what is due. Returns false when relay.cdb is not what relay.db says,
 * or the rules let somebody relay who is not in there, so that nobody may be told that all is done.
 */
bool keeper_step(struct keeper *keeper);

/* When to step at the latest (deadline.h). */
int64_t keeper_wake(const struct keeper *keeper);

/* Has relay.db been taken away under us, or damaged? Then there is nothing left but to begin anew. */
bool keeper_is_lost(const struct keeper *keeper);

void keeper_close(struct keeper *keeper);

#endif
