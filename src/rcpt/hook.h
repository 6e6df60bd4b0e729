/*
 * How a mail server calls the check and is told the answer: the forms of rcptcheck(8), and the
 * way out that is taken when nothing else is left.
 *
 * This module owns the descriptors of the process. The calls do not return errors: where one
 * can't do its work, the process ends as a temporary failure.
 */
#ifndef RCPT_HOOK_H
#define RCPT_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

#define HOOK_REPLY_FD 4

enum hook_form {
	HOOK_EXIT,     /* the exit code alone: RCPTCHECK */
	HOOK_FD4,      /* RCPTCHECK with USE_FD4: a reply line on descriptor 4 as well */
	HOOK_SPP,      /* qmail-spp: a command on descriptor 1, exit 0 */
	HOOK_PRINT,    /* a reply line on descriptor 1, and the exit code */
	HOOK_BATCH,    /* addresses on descriptor 0, verdicts on 1 */
	HOOK_FD3,      /* s/qmail, aQmail, indimail: the address on descriptor 3; 0, 1 or 111 */
	HOOK_SPAMDYKE, /* spamdyke: domain and local part as arguments; 1, 2 or 0 */
};

/*
 * Before anything is opened: fills the holes in descriptors 0 to 2 and 4, and takes 0 and 1,
 * which belong to the SMTP client, out of everybody's reach unless the form speaks on them; 2
 * as well where it is the same socket. From here on a signal, or the alarm after so many
 * seconds (none if 0), ends the process as a temporary failure. Returns whether nobody reads a
 * log on descriptor 2.
 */
bool hook_prepare(enum hook_form form, unsigned seconds);

/*
 * HOOK_FD3: reads the address, up to the first NUL of what is on descriptor 3, to the end of
 * file. Returns it, or NULL when there is none or it is too long for a mail server to have sent.
 */
const char *hook_read_address(void);

/*
 * Why a reject of this address must not be told in this form, in a word, or NULL: where what was
 * asked for may not be what the client said. It is a temporary failure then.
 */
const char *hook_doubt(enum hook_form form, const char *address, size_t len);

/* The exit code for it, where that is the whole answer. */
int hook_exit_code(enum hook_form form, enum verdict verdict);

/* Sets the alarm anew, to ring in this many milliseconds. */
void hook_alarm(int64_t milliseconds);

/*
 * Tells the verdict in the form and ends the process. For HOOK_SPAMDYKE VERDICT_ACCEPT means
 * "valid", which ends its search; what is only not to be refused is VERDICT_TEMPFAIL there.
 */
_Noreturn void hook_answer(enum hook_form form, enum verdict verdict);

#endif
