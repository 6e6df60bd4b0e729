/*
 * Verdicts: what the mail server is told about one recipient, and the one place where that
 * becomes an exit code.
 */
#ifndef RCPT_VERDICT_H
#define RCPT_VERDICT_H

/* Zero is the safe one: what was never decided is a temporary failure. */
enum verdict { VERDICT_TEMPFAIL = 0, VERDICT_ACCEPT, VERDICT_REJECT };

/* Exit codes of the RCPTCHECK hook. It takes every other code for "accept". */
#define EXIT_ACCEPT   0
#define EXIT_REJECT   100
#define EXIT_TEMPFAIL 111

int verdict_exit_code(enum verdict verdict);

/* "tempfail", "accept", "reject" */
const char *verdict_name(enum verdict verdict);

/* The SMTP reply for it, without CR LF (reply texts sent to clients are all in verdict.c). */
const char *verdict_reply(enum verdict verdict);

#endif
