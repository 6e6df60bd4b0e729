/*
 * Who has just logged in, as the program before us in a chain says in the environment:
 *
 *	qmail-popup, mailfront		TCPREMOTEIP, USER, maybe DOMAIN; that we run is the proof
 *	old Courier modules		TCPREMOTEIP, AUTHENTICATED: empty while nobody has, and the
 *					last module runs then, too
 *	Courier of today		the same
 *	Dovecot, post-login		IP, USER, AUTH_MECH: not ANONYMOUS, which is nobody
 *
 * fefe's tcpserver has TCP6REMOTEIP, stunnel's exec mode and inetd REMOTE_HOST.
 */
#ifndef RELAY_LOGIN_H
#define RELAY_LOGIN_H

#include "relaywire.h"

struct login {
	const char *address; /* as it is; "" if nobody says */
	char user[RELAYWIRE_USER_SIZE];
	const char *source; /* a constant text */
};

/* Returns 1 with the login; 0 when nobody has logged in. */
int login_read(struct login *login);

#endif
