/*
 * One connection of nginx to routehttp: the request it sends, what became of it, the answer.
 */
#ifndef DOOR_AUTHSESSION_H
#define DOOR_AUTHSESSION_H

#include <poll.h>
#include <stdint.h>

#include "authmail.h"
#include "authquestion.h"
#include "authreply.h"
#include "httprequest.h"
#include "route/live.h"
#include "route/route.h"

enum authsession_state {
	AUTHSESSION_READING,
	AUTHSESSION_WAITING,    /* for its turn to start the program for passwords */
	AUTHSESSION_PASSWORD,   /* which is at work */
	AUTHSESSION_RECIPIENT,  /* the check of the recipient is */
	AUTHSESSION_CONNECTING, /* does a server of the route live? */
	AUTHSESSION_WRITING,
	AUTHSESSION_OVER,
};

struct authsession {
	enum authsession_state state;
	int in, out;               /* of nginx; the same for a socket that we took */
	int64_t started, deadline; /* of the state (deadline.h) */

	struct httprequest request;
	struct authquestion question;
	struct authmail_decision decision;
	struct route route;
	struct live_choice choice;
	int probe;       /* the connect to a server, or -1 */
	pid_t child;     /* the program for passwords, or 0 */
	uint64_t ticket; /* its place among those that wait */

	char reply[AUTHREPLY_MAX];
	size_t reply_len, reply_sent;
};

void authsession_start(struct authsession *session, int in, int out, int64_t deadline);

/* What is to be polled for reading or writing; fd -1: nothing. */
struct pollfd authsession_poll(const struct authsession *session);

/*
 * Reads what there is. Returns true when the request is whole, or bad, and an answer is due; the
 * state is OVER when nobody is there any more to get one.
 */
bool authsession_read(struct authsession *session);

/* Sends the answer that is in reply; the state is OVER when that is done, or can't be. */
void authsession_write(struct authsession *session);

/* Closes its sockets, but those that are descriptors 0 and 1. */
void authsession_end(struct authsession *session);

#endif
