/*
 * What a server was found to put up with, so that we keep below it: how many questions at a time,
 * on how many connections, and which of its answers mean what they say. What was too much is tried
 * again after a while. Times are those of deadline.h.
 */
#ifndef RCPT_MANNERS_H
#define RCPT_MANNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtp.h"

/*
 * On one connection. Postfix slows down behind the tenth error, and each RSET behind the hundredth
 * is one (smtpd_soft_error_limit, smtpd_junk_command_limit); Exim ends at the twelfth RSET
 * (smtp_accept_max_nonmail).
 */
#define MANNERS_REFUSALS     9
#define MANNERS_TRANSACTIONS 50
#define MANNERS_EXIM         11

struct manners {
	size_t window; /* questions of a flight */
	int64_t window_until;
	size_t transactions; /* of a connection */
	int64_t transactions_until;
	size_t connections; /* 0: no limit of its own is known */
	int64_t connections_until;
	bool names; /* the mailbox, in each "no" that is about one */
	bool vague; /* each "no" needs a control recipient */
	bool joins; /* more than one recipient from <> */
	int64_t apart_until;
	int code; /* a reply to RCPT that means the same on a new connection; 0: none */
	int64_t code_until;
	int64_t clear_until;   /* its TLS does not work: without, if that will do */
	int64_t tls_bad_until; /* nor over it, as is required */
	int64_t fastest;       /* ms of a flight; 0: none yet */
};

/* How a flight went. */
struct manners_flight {
	size_t count;     /* questions */
	size_t mails;     /* transactions of the connection before it */
	size_t answered;  /* questions that had all their replies */
	bool used;        /* the connection was, or the flight was shared */
	bool open;        /* the connection still is */
	const char *note; /* if not: why, NULL for a reply of the server */
	const struct smtp_ask *asks;
	int64_t took; /* ms */
};

void manners_begin(struct manners *manners);

/* Forgets what was learned long ago. */
void manners_forget(struct manners *manners, int64_t now);

/* Learns from a flight. Returns true if the server was slow: it may do so to who asks much. */
bool manners_learn(struct manners *manners, const struct manners_flight *flight, int64_t now);

/* How many transactions a connection may have. greeting: what the server said first. */
size_t manners_transactions(const struct manners *manners, const char *greeting);

/*
 * How many questions of a flight can share the transaction of the one before: those behind the
 * first, or the last alone, to find out. A "no" to one of them must name its mailbox, for it could
 * be about its place as well.
 */
size_t manners_joining(const struct manners *manners, size_t count, int64_t now);

/* Is this answer to a question that shares a transaction about its mailbox, beyond doubt? */
bool manners_is_certain(const struct smtp_answer *answer);

/* ms without a word after which a connection that was kept is gone, in all likelihood. */
int64_t manners_silence(const struct manners *manners);

/* It did not let us have more connections than these. */
void manners_full(struct manners *manners, size_t connections, int64_t now);

/*
 * An answer on a connection that was used before says nothing about the address. Would a new one
 * make no difference?
 */
bool manners_means_it(
    const struct manners *manners, const struct smtp_answer *answer, int64_t now);

/* What the same question brought on a new one. */
void manners_learn_code(struct manners *manners, const struct smtp_answer *answer, int64_t now);

#endif
