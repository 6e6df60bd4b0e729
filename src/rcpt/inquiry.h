/*
 * All that one server is asked about one address, in one conversation, and what follows from
 * the answers together. It says what to ask next and takes the answer; who asks, and how, is
 * the caller's business.
 *
 *	ADDRESS		the address, from <>
 *	CONFIRM		what was no "yes" to that, once more from a sender that the
 *			administrator has set: some servers refuse <> in all kinds of words
 *	CONTROL		where it is not clear whom a "no" is about, an address that is known to
 *			be good: if that is refused too, it is not about the user. If it is
 *			accepted, it is; but postmaster and other roles are exempt from policy,
 *			so that their "yes" proves nothing against a text that may speak of one
 *	CATCH_ALL	after a "yes", an address that nobody can have
 *
 * Those behind the first have a RSET and MAIL of their own, for many servers take one RCPT after
 * MAIL FROM:<>.
 * The address itself comes first: servers that drop or slow down clients after an unknown user
 * then do no harm. A "no" that should be confirmed or controlled, and cannot be, is none.
 */
#ifndef RCPT_INQUIRY_H
#define RCPT_INQUIRY_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp.h"

/* All texts are the caller's and must outlive the machine. None may hold CR, LF or NUL. */
struct inquiry_question {
	const char *path; /* address_path */
	bool needs_utf8;
	const char *confirm_sender; /* "": a "no" to <> is not asked again */
	const char *control;        /* a mailbox as path is, ASCII; "": there is none */
	bool doubt;         /* a clear "no" needs the control as well, if there is one */
	const char *nobody; /* a mailbox that nobody has, ASCII; "": don't ask */
};

enum inquiry_control { CONTROL_NOT_ASKED, CONTROL_ACCEPTED, CONTROL_REFUSED, CONTROL_FAILED };

enum inquiry_catch_all { CATCH_ALL_NOT_ASKED, CATCH_ALL_YES, CATCH_ALL_NO, CATCH_ALL_UNCLEAR };

enum inquiry_step { INQUIRY_ADDRESS, INQUIRY_CONFIRM, INQUIRY_CONTROL, INQUIRY_CATCH_ALL };

struct inquiry {
	bool done;
	struct smtp_ask ask;       /* until then: what to ask now */
	struct smtp_answer answer; /* when done: about the address, all things considered */
	enum inquiry_control control;
	enum inquiry_catch_all catch_all;

	/* its own */
	const struct inquiry_question *question;
	enum inquiry_step step;
};

/* Is the mailbox that of a role, such as postmaster@? */
bool inquiry_is_role(const char *path);

void inquiry_start(struct inquiry *inquiry, const struct inquiry_question *question);

/* ask.answer is there. open: more can be asked in the same conversation. */
void inquiry_take(struct inquiry *inquiry, bool open);

#endif
