/*
 * What nginx's mail proxy asks (ngx_mail_auth_http_module): the headers of its request, read. Pure.
 */
#ifndef DOOR_AUTHQUESTION_H
#define DOOR_AUTHQUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "httprequest.h"
#include "protocol.h"

#define AUTHQUESTION_USER_SIZE   321 /* longer than any address, with its NUL */
#define AUTHQUESTION_PASS_SIZE   513
#define AUTHQUESTION_ADDRESS_MAX 45

enum authquestion_method {
	AUTHQUESTION_PLAIN, /* and LOGIN, and USER and PASS */
	AUTHQUESTION_APOP,
	AUTHQUESTION_CRAM_MD5,
	AUTHQUESTION_EXTERNAL,
	AUTHQUESTION_NONE,
};

enum authquestion_protocol { AUTHQUESTION_IMAP, AUTHQUESTION_POP3, AUTHQUESTION_SMTP };

struct authquestion {
	enum authquestion_method method;
	enum authquestion_protocol protocol;
	unsigned attempt; /* from 1 */
	char user[AUTHQUESTION_USER_SIZE];
	char pass[AUTHQUESTION_PASS_SIZE]; /* or the digest; ends in NUL and has none */
	char salt[AUTHQUESTION_USER_SIZE];
	char client[AUTHQUESTION_ADDRESS_MAX + 1]; /* an IP address, or "" */
	const struct httpheader *key;              /* of X-Auth-Key; NULL: it has none */

	/* EXTERNAL: nginx has verified a certificate, and for whom that is */
	bool verified;
	const struct httpheader *subject;

	/* NONE: the recipient, unless it can't be told for certain, and the sender */
	bool has_recipient, has_sender;
	char recipient[PROTOCOL_ADDRESS_MAX], sender[PROTOCOL_ADDRESS_MAX];
};

/*
 * Of a whole request. Returns NULL, or why it makes no sense: a constant text. protocol, attempt and
 * client are set as far as they are known then.
 */
const char *authquestion_read(struct authquestion *question, const struct httprequest *request);

/* "imap", "pop3", "smtp"; and as nginx writes the methods */
const char *authquestion_protocol_name(enum authquestion_protocol protocol);
const char *authquestion_method_name(enum authquestion_method method);

#endif
