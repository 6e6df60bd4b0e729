/*
 * An SMTP client that asks one question, "MAIL FROM:<sender>, RCPT TO:<path>: do you take
 * it?", and never sends a message. No I/O: the caller moves bytes both ways and says when the
 * connection is lost or too slow, so that the same machine runs under any loop.
 *
 *	GREETING -> EHLO [-> HELO] -> MAIL -> RCPT -> DONE
 *
 * Where the server offers PIPELINING, MAIL and RCPT go out together (RFC 2920 3.1). When the
 * answer is there, QUIT is the last output; nobody waits for its reply.
 */
#ifndef RCPT_SMTP_H
#define RCPT_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/settings.h"
#include "finding.h"
#include "reply.h"

#define SMTP_OUT_SIZE 1600 /* EHLO, or MAIL, RCPT and QUIT */

enum smtp_stage {
	SMTP_CONNECT, /* not talking yet: the caller's business */
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_HELO,
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
	bool pipelining;
	bool done;
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
 * The connection is gone, or the time is up: done, without a statement. note is a constant
 * text.
 */
void smtp_lost(struct smtp *smtp, const char *note);

#endif
