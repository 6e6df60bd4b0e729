/*
 * Who is let in: the decisions of routehttp. Pure.
 *
 * It begins from "temporary": a login is denied when it is proven wrong, and for nothing else, since a
 * user whose program is told so asks for the password anew.
 */
#ifndef DOOR_AUTHMAIL_H
#define DOOR_AUTHMAIL_H

#include <stdbool.h>

#include "authquestion.h"
#include "route/route.h"

struct authmail_policy {
	const char *key; /* what X-Auth-Key must be; NULL: anything */
	bool trusted;    /* strangers can't ask: by the key, or by the socket's mode */
	bool alone;      /* nginx alone may ask without a key: who starts us says so */
	bool checkpw;    /* there is a program that knows passwords */
};

enum authmail_step {
	AUTHMAIL_TEMPORARY = 0,
	AUTHMAIL_DENY,
	AUTHMAIL_ACCEPT,
	AUTHMAIL_CHECKPW,   /* by that program */
	AUTHMAIL_LOGIN,     /* find the user, then ask authmail_login */
	AUTHMAIL_RECIPIENT, /* check the recipient */
};

struct authmail_decision {
	enum authmail_step step;
	const char *why;      /* one constant word for the log: routehttp(8) lists them */
	bool gives_secret;    /* with an accept: nginx is to log in with the secret */
	const char *withheld; /* or NULL: why it can't, that program's yes is of no use then */
};

/* What to do with a question that makes sense. */
struct authmail_decision authmail_begin(
    const struct authmail_policy *policy, const struct authquestion *question);

/*
 * About a user who was found. Whose password is the secret itself may have it; who was proven by other
 * means to be somebody only when the map says that it is his: fred of another domain, and Fred where
 * there is a fred, can be somebody else.
 */
struct authmail_decision authmail_login(const struct authmail_policy *policy,
    const struct authquestion *question, const struct route *route);

/* Is he to be looked for, and to be asked about, in lower case or as his row is, since the secret is his then alone? */
bool authmail_folds(const struct authmail_policy *policy, const struct authquestion *question,
    const struct route *route);

/*
 * Does the subject of a certificate (RFC 2253) name this user, in a CN or an emailAddress? Values with
 * escapes are never taken for anybody's name.
 */
bool authmail_subject_names(const char *subject, size_t len, const char *user);

#endif
