/*
 * What an SMTP conversation (smtp.h) says about a recipient, and how far it came.
 */
#ifndef RCPT_SMTPANSWER_H
#define RCPT_SMTPANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "finding.h"
#include "reply.h"

enum smtp_stage {
	SMTP_CONNECT, /* not talking yet: the caller's business */
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_HELO,
	SMTP_STARTTLS,
	SMTP_RSET,
	SMTP_MAIL,
	SMTP_RCPT,
};

/* How far a conversation came, for a log: "connect", "greeting", "ehlo", ... */
const char *smtp_stage_name(enum smtp_stage stage);

struct smtp_answer {
	enum finding finding;
	enum smtp_stage stage; /* where it was decided */
	bool lacks_utf8;       /* RCPT was not asked: the server has no SMTPUTF8, it says */
	bool names;            /* the reply names the mailbox that it is about */
	bool may_be_policy;    /* ambiguous, and so is the text (classify.h) */
	const char
	    *note; /* what no reply says: "timeout", "lost", ...; NULL where a reply does */
	/* The reply it comes from; code 0 and empty texts where there was none. */
	int code;
	char enhanced[REPLY_ENHANCED_SIZE];
	char text[256]; /* printable, in one line, cut */
};

/* An answer without a reply. note is a constant text. */
void smtpanswer_note(
    struct smtp_answer *answer, enum smtp_stage stage, enum finding finding, const char *note);

/* The reply is the answer. note may be NULL. */
void smtpanswer_reply(struct smtp_answer *answer, enum smtp_stage stage, enum finding finding,
    const char *note, const struct reply *reply);

/* The text of a reply, printable and cut. */
void smtpanswer_text(char *text, size_t size, const struct reply *reply);

#endif
