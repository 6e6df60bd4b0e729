/*
 * An SMTP client that asks "MAIL FROM:<sender>, RCPT TO:<path>: do you take it?", and never
 * sends a message. No I/O: the caller moves bytes both ways and says when the connection is
 * lost or too slow, so that the same machine runs under any loop.
 *
 *	GREETING -> EHLO [-> HELO] -> MAIL -> RCPT -> done
 *	                              ^                 |
 *	                              +---- RSET <------+  smtp_again
 *
 * Where the server offers PIPELINING, RSET, MAIL and RCPT go out together (RFC 2920 3.1). When
 * the answer is there, QUIT is the last output, unless the conversation is held for another
 * question; nobody waits for its reply.
 */
#ifndef RCPT_SMTP_H
#define RCPT_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/settings.h"
#include "finding.h"
#include "reply.h"

#define SMTP_OUT_SIZE 1600 /* EHLO, or RSET, MAIL, RCPT and QUIT */

enum smtp_stage {
	SMTP_CONNECT, /* not talking yet: the caller's business */
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_HELO,
	SMTP_RSET,
	SMTP_MAIL,
	SMTP_RCPT,
};

/* How far a conversation came, for a log: "connect", "greeting", "ehlo", ... */
const char *smtp_stage_name(enum smtp_stage stage);

/* All texts are the caller's and must outlive the machine. None may hold CR, LF or NUL. */
struct smtp_question {
	const char *helo;
	const char *sender; /* "" for <> */
	const char *path;   /* address_path */
	bool needs_utf8;
};

struct smtp_answer {
	enum finding finding;
	enum smtp_stage stage; /* where it was decided */
	bool lacks_utf8;       /* RCPT was not asked: the server has no SMTPUTF8, it says */
	const char
	    *note; /* what no reply says: "timeout", "lost", ...; NULL where a reply does */
	/* The reply it comes from; code 0 and empty texts where there was none. */
	int code;
	char enhanced[REPLY_ENHANCED_SIZE];
	char text[256]; /* printable, in one line, cut */
};

struct smtp {
	const struct smtp_question *question;
	char own_ip[46];
	bool guard_loop; /* a greeting with our own name is ourselves */
	bool hold;       /* the caller's, after smtp_start: no QUIT, there may be more to ask */
	bool done;
	bool open;             /* done, held, and in step: smtp_again may be called */
	bool pipelining, utf8; /* what the server offers */
	bool
	    draining; /* answered; the reply to a RCPT behind a refused MAIL is still to come */
	unsigned outstanding;      /* replies to what was said */
	enum smtp_stage stage;     /* the reply that is awaited */
	struct smtp_answer answer; /* once done */
	struct reply reply;
	size_t out_len; /* bytes of out to send now; the caller takes them and sets 0 */
	char out[SMTP_OUT_SIZE];
};

/* Begins a conversation on a connection that is made. own_ip: our end, "" if unknown. */
void smtp_start(struct smtp *smtp, const struct smtp_question *question, const char *own_ip,
    bool guard_loop);

/* Takes bytes from the server; may leave output, and may be done then. */
void smtp_input(struct smtp *smtp, const char *bytes, size_t len);

/*
 * The connection is gone, or the time is up: done, without a statement unless there was one.
 * note is a constant text.
 */
void smtp_lost(struct smtp *smtp, const char *note);

/* Asks another question in an open conversation: not done any more, output is left. */
void smtp_again(struct smtp *smtp, const struct smtp_question *question);

/* Leaves QUIT as output if the conversation is open. */
void smtp_quit(struct smtp *smtp);

#endif
