/*
 * Unix sockets of messages (SOCK_SEQPACKET), by which programs of one host ask a long-lived one. Any
 * user can connect: who may ask is told by who it is.
 */
#ifndef BASE_SEQSOCKET_H
#define BASE_SEQSOCKET_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A listening socket, non-blocking, under this name, from which what an earlier one left behind is
 * removed. Returns the descriptor, or -1 with errno.
 */
int seqsocket_listen(const char *path);

/* Why that failed. */
const char *seqsocket_reason(int error);

/*
 * Somebody who has connected. Returns a descriptor, non-blocking, or -1: there is nobody; or, and then
 * *exhausted is true, nobody can be let in now, as when there are no more descriptors: it is to be tried again later.
 */
int seqsocket_accept(int listening, bool *exhausted);

/* The user and the first group at the other end: -1 if they cannot be told. */
void seqsocket_peer(int fd, uid_t *user, gid_t *group);

#endif
