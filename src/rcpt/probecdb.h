/*
 * What rcptprobe itself has from rcptcheck.cdb: the settings that hold for all; and what it says of a
 * new one.
 */
#ifndef RCPT_PROBECDB_H
#define RCPT_PROBECDB_H

#include "base/settings.h"
#include "checker.h"

struct probecdb {
	char users[SETTINGS_USERS_SIZE]; /* the setting probe_users at the start */
	ino_t inode;                     /* of the one in use */
	const char *kept;                /* checker->cdb_kept, when it was last looked at */
};

/* Opens it. Returns NULL, with the settings, or the trouble, a constant text. */
const char *probecdb_start(
    struct probecdb *probecdb, struct checker *checker, struct settings *settings);

/* A new CDB is taken with the next question; here it is only noted, in the log. */
void probecdb_look(struct probecdb *probecdb, struct checker *checker);

#endif
