/*
 * Those who speak to relayd: its sockets, who may, and what each is still owed. Non-blocking.
 *
 * Whoever reaches the strict socket may mark, since only a descriptor that root has opened leads
 * there; at the simple one, who it is decides.
 */
#ifndef RELAY_PEERS_H
#define RELAY_PEERS_H

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "relaywire.h"

#define PEERS_MAX     2000 /* connections; the one that was silent for longest makes room */
#define PEERS_SOCKETS 2
#define PEERS_USERS   32
#define PEERS_POLL    (PEERS_SOCKETS + PEERS_MAX)

enum peers_socket { PEERS_SIMPLE, PEERS_STRICT };

struct peer {
	int fd;
	uid_t user;
	bool may_age;
	bool ready; /* poll says that there is something */
	bool gone;
	uint64_t taken; /* the last that it said and we took */
	uint64_t told;  /* the last of which it knows that it is done */
	int64_t since;  /* when it last said something (deadline.h) */
};

struct peers {
	/* who may mark at the simple socket, besides root and ourselves */
	bool anybody;
	uid_t users[PEERS_USERS];
	size_t user_count;
	size_t max; /* connections: at most PEERS_MAX */

	/* its own */
	int listening[PEERS_SOCKETS]; /* -1: none */
	struct peers_name {           /* under which each can be found */
		char path[PATH_MAX];
		dev_t device;
		ino_t inode;
	} names[PEERS_SOCKETS];
	struct peer all[PEERS_MAX];
	size_t count, polled;
	int64_t rest; /* nobody is let in until then (deadline.h): we are out of descriptors */
};

void peers_start(struct peers *peers);

/* Listens at this path (seqsocket.h). Returns 0, or -1 with errno. */
int peers_listen(struct peers *peers, enum peers_socket which, const char *path);

/* The path of a socket that is not found there any more, so that nobody can connect; NULL: all are. */
const char *peers_lost(const struct peers *peers);

/* Returns how many pollfds it has filled. wake becomes earlier if need be. */
size_t peers_poll(struct peers *peers, struct pollfd pollfds[PEERS_POLL], int64_t *wake);

/* Takes in what poll has found. Returns whether somebody has something to say. */
bool peers_step(struct peers *peers, const struct pollfd *pollfds);

/* One who may not speak was turned away: returns true and who it was, once for each. */
bool peers_refused(struct peers *peers, uid_t *user);

/*
 * What one has to say next: 1 with the message, 0 if that was all, or nothing that makes sense.
 * peer->taken is its serial number from then on: that it was done will be told by peers_tell.
 */
int peers_next(struct peer *peer, struct relaywire_message *message);

void peers_refuse(struct peer *peer, uint64_t serial, const char *why);

/* Tells everybody that all that was taken is done; seconds are what a mark holds. */
void peers_tell(struct peers *peers, int64_t seconds);

/* What was taken is not done: who said it is to say it again. */
void peers_forget(struct peers *peers);

#endif
