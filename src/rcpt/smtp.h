/*
 * An SMTP client that asks "MAIL FROM:<sender>, RCPT TO:<path>: do you take it?", as often as it
 * is wanted and the server lets it, and never sends a message. No I/O: the caller moves bytes
 * both ways and says when the connection is lost or too slow, so that the same machine runs
 * under any loop.
 *
 *	greeting -> EHLO [-> HELO] [-> STARTTLS -> EHLO] -> ready <-> asking [-> listening]
 *
 * Questions go out in flights: each is RSET (but for the first), MAIL and RCPT, or RCPT alone if
 * it joins the one before. Where the server offers PIPELINING all of a flight go out together (RFC
 * 2920 3.1). The next flight begins when each command of the last one has its reply, and answers
 * count when their flight is over: a
 * server that swallows commands, or says more than it is asked, spoils its own flight. A "no" that
 * does not name its mailbox, in a flight of several, counts only when nothing more has come for a
 * while.
 */
#ifndef RCPT_SMTP_H
#define RCPT_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/settings.h"
#include "reply.h"
#include "smtpanswer.h"

#define SMTP_FLIGHT_MAX 9

/* Each question: RSET, MAIL and RCPT with the longest texts; EHLO and QUIT are far shorter. */
#define SMTP_QUESTION_MAX (SETTINGS_ADDRESS_SIZE + ADDRESS_PATH_SIZE + 56)
#define SMTP_OUT_SIZE     (SMTP_FLIGHT_MAX * SMTP_QUESTION_MAX + SETTINGS_HOST_SIZE)

/* The texts are the caller's and must stay until the answer. None may hold CR, LF or NUL. */
struct smtp_ask {
	const char *sender; /* "" for <> */
	const char *path;   /* address_path */
	bool needs_utf8;
	bool
	    joins; /* goes into the transaction of the one before, which is like it but for path */
	struct smtp_answer answer; /* when its flight is over */
};

enum smtp_tls {
	SMTP_TLS_NONE, /* the caller has none */
	SMTP_TLS_MAY,
	SMTP_TLS_MUST,
};

/* What a conversation begins with. helo must outlive it. */
struct smtp_terms {
	const char *helo;
	char own_ip[46]; /* our end of the connection, "" if unknown */
	bool guard_loop; /* a greeting with our own name is ourselves */
	enum smtp_tls tls;
};

enum smtp_state {
	SMTP_OPENING,  /* no question can be asked yet */
	SMTP_SECURING, /* the caller makes TLS, then calls smtp_secured or smtp_lost */
	SMTP_READY,
	SMTP_ASKING,    /* a flight is under way */
	SMTP_LISTENING, /* it has all its replies; the caller waits, then calls smtp_listened */
	SMTP_CLOSED,    /* over; what is left as output, a QUIT, may still be sent */
};

struct smtp {
	enum smtp_state state;
	enum smtp_stage stage;     /* the reply that is awaited, or was the last */
	struct smtp_answer answer; /* closed: why, as the answer to whatever is not asked now */
	bool extended, pipelining, utf8; /* EHLO was accepted; what the server offers */
	bool secured;                    /* TLS is in use */
	bool
	    offers_more; /* than we know: the reply to EHLO was cut, or TLS is offered, not used */
	struct smtp_terms terms;
	char greeting[64]; /* printable, cut */
	size_t asked;      /* questions of all flights */
	size_t mails;      /* transactions */
	size_t out_len;    /* bytes of out to send now; the caller takes them and sets 0 */
	char out[SMTP_OUT_SIZE];

	/* its own */
	struct smtp_ask *asks; /* the flight */
	size_t count, current;
	bool refused;         /* MAIL was; replies to what is behind it are still to come */
	unsigned outstanding; /* replies to what was said */
	struct reply reply;
};

/* Begins a conversation on a connection that is made. */
void smtp_start(struct smtp *smtp, const struct smtp_terms *terms);

/* Takes bytes from the server; may leave output. */
void smtp_input(struct smtp *smtp, const char *bytes, size_t len);

/* The connection speaks TLS now. Leaves output. */
void smtp_secured(struct smtp *smtp);

/*
 * The connection is gone, or the time is up: closed, without a statement to whatever has no
 * answer yet. note is a constant text.
 */
void smtp_lost(struct smtp *smtp, const char *note);

/* How many questions the next flight may have: 0 when there can be none now. */
size_t smtp_room(const struct smtp *smtp);

/*
 * Asks so many questions, at most smtp_room; asks must stay until the flight is over, which the
 * state tells. A question that needs SMTPUTF8 where the server has none (smtp_lacks) must not be
 * among them. Leaves output.
 */
void smtp_ask(struct smtp *smtp, struct smtp_ask *asks, size_t count);

/* Nothing more has come: the flight is over. */
void smtp_listened(struct smtp *smtp);

/*
 * When ready: answers a question that this server cannot be asked. Returns false if it can. That
 * it has no SMTPUTF8 is only proven by all that it offers: many offer it behind STARTTLS alone.
 */
bool smtp_lacks(const struct smtp *smtp, struct smtp_ask *ask);

/* Leaves QUIT as output and closes, if the conversation is ready. */
void smtp_quit(struct smtp *smtp);

#endif
