/*
 * The client of relayd: marks on their way to its socket, each kept until relayd says that it is in
 * relay.db and relay.cdb. What was not acknowledged is sent again when relayd was started anew.
 *
 * Nothing here waits but tell_wait. A caller that lives long has one struct tell and no limit on
 * how many marks are under way but its room:
 *
 *	tell_open(&tell, home, 4096);
 *	for (;;) {
 *		wake = INT64_MAX;
 *		tell_poll(&tell, &pollfds[1], &wake);
 *		poll(pollfds, 2, wake == INT64_MAX ? -1 : deadline_left(wake));
 *		... tell_mark(&tell, ip, user, user_len, "relaylog") ...
 *		tell_step(&tell);
 *	}
 */
#ifndef RELAY_TELL_H
#define RELAY_TELL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relaywire.h"

#define TELL_SOCKET     "run/relay.sock" /* below the home */
#define TELL_NAME       "relay.sock"     /* in any folder */
#define TELL_PATH_SIZE  108              /* of a Unix socket's name */
#define TELL_RETRY_MAX  1000             /* ms between two tries to connect, at most */
#define TELL_BARRED_FOR 5000             /* ms until the next try, if relayd does not want us */

struct tell {
	uint64_t dropped; /* marks for which there was no room any more */
	uint64_t refused; /* marks that relayd did not take */
	int64_t expire;   /* seconds that a mark holds, as relayd said last; 0 if it did not */
	bool barred;      /* relayd does not want to hear us; trouble says why */
	char trouble[RELAYWIRE_TEXT_SIZE]; /* the last: printable, "" if there was none */

	/* its own */
	char path[TELL_PATH_SIZE];
	int folder; /* where TELL_NAME is, or -1 */
	int fd;
	struct relaywire_mark *marks;
	size_t room;
	uint64_t first; /* serial number of the oldest that is not acknowledged */
	uint64_t unsent, next;
	int64_t retry; /* when to connect (deadline.h) */
	int64_t pause; /* ms until the try after that */
};

/*
 * For the socket in this home; room is the number of marks that may be under way. Nothing is
 * connected yet. Returns 0, or -1 with errno (ENAMETOOLONG, ENOMEM).
 */
int tell_open(struct tell *tell, const char *home, size_t room);

/* The same for TELL_NAME in the folder of which this is a descriptor; it stays the caller's. */
int tell_open_in(struct tell *tell, int folder, size_t room);

/*
 * Takes a mark in. address is normalised here; user and source are cut and made printable.
 * Returns NULL, or why there must be no mark for this address: a constant text that reads well
 * behind "192.0.2.0/24: ". With no room left the oldest mark is dropped and counted.
 */
const char *tell_mark(struct tell *tell, const char *address, const char *user, size_t user_len,
    const char *source);

/* How many marks are not acknowledged. */
size_t tell_pending(const struct tell *tell);

/*
 * Fills one pollfd (of fd -1 if there is nothing to wait for); *wake becomes earlier if tell_step
 * is to be called before something happens there (deadline.h).
 */
void tell_poll(const struct tell *tell, struct pollfd *pollfd, int64_t *wake);

/* Connects, sends and reads, as far as that goes without waiting. */
void tell_step(struct tell *tell);

/*
 * Steps until all is acknowledged, or until the deadline. Returns 0, or -1 with errno: ETIMEDOUT, or
 * EACCES if relayd does not want us, at once.
 */
int tell_wait(struct tell *tell, int64_t deadline);

/* Frees what it holds. Marks under way are lost. */
void tell_close(struct tell *tell);

/*
 * A connection to the socket of that home, for other messages; it does not block. -1 with errno,
 * ETIMEDOUT when nobody was there to accept it until the deadline (deadline.h).
 */
int tell_connect(const char *home, int64_t deadline);

#endif
