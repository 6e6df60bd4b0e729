/*
 * Classifies replies: is it about the user, or about us, the domain or the moment?
 *
 * Codes decide (RFC 5321 4.2, RFC 3463, the registry of RFC 5248). The text is only ever read
 * to believe less than the codes say: where they say no more than "550", it has to name the
 * user, and nothing else; where they say 5.1.0 or 5.5.0, it must not speak of something else.
 * Begin with "temporary" and let only proof move it: a wrong "no" loses mail for good.
 */
#ifndef RCPT_CLASSIFY_H
#define RCPT_CLASSIFY_H

#include <stdbool.h>

#include "finding.h"
#include "reply.h"

/* What was asked, as far as a reply can only be understood with it. */
struct classify_question {
	const char *path;   /* the mailbox of RCPT TO: its echo in a reply says nothing */
	const char *own_ip; /* our end of the connection, "" if unknown */
	bool needs_utf8;    /* the address does (RFC 6531) */
};

/* A reply to anything before RCPT that is no 2yz: never about the user. */
enum finding classify_before_rcpt(const struct reply *reply);

/* The reply to RCPT TO of the question. */
enum finding classify_rcpt(const struct reply *reply, const struct classify_question *question);

/*
 * May the text of an ambiguous one, such as "access denied", as well be about all users? Then it
 * proves nothing that postmaster is accepted, who is exempt from policy (RFC 5321 4.5.1).
 */
bool classify_may_be_policy(
    const struct reply *reply, const struct classify_question *question);

#endif
