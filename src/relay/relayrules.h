/*
 * A CDB of rules for tcpserver -x (tcprules(1)): those of the administrator, and for each address
 * that may relay a rule of its own, which adds RELAYCLIENT and RBLSMTPD, both empty, to what the
 * administrator's rule for this address says. One that denies is left as it is.
 *
 * Ours stand in front. A record that tcpserver does not ask for is the border: all behind it is the
 * administrator's, so a file of ours can be the base of the next.
 */
#ifndef RELAY_RELAYRULES_H
#define RELAY_RELAYRULES_H

#include <cdb.h>
#include <stdbool.h>

struct relayrules {
	struct cdb base;
	bool has_base;
	unsigned
	    border; /* in base: what is before it is not the administrator's; 0: there is none */
	struct cdb_make make;
	int fd; /* of the new file; the caller's */
};

/*
 * Begins with the rules in base (a CDB that tcprules made; NULL for none) and an empty file open as
 * fd. Returns 0, or -1 with errno.
 */
int relayrules_start(struct relayrules *rules, const char *base, int fd);

/* Was base made by us? */
bool relayrules_is_ours(const struct relayrules *rules);

/* The same of a file: 1 or 0, or -1 with errno. */
int relayrules_look(const char *path);

/* An address that may relay, in its one form. Returns 0, or -1 with errno. */
int relayrules_add(struct relayrules *rules, const char *address);

/* Adds all other rules of the base. Returns 0, or -1 with errno. The file is whole, and synced. */
int relayrules_finish(struct relayrules *rules);

/* Frees what it holds, after a failure. errno stays. */
void relayrules_abandon(struct relayrules *rules);

#endif
