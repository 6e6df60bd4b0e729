/*
 * Many addresses: one a line in, one line of answer each out, in the same order, asked side by
 * side.
 */
#ifndef RCPT_BATCH_H
#define RCPT_BATCH_H

#include <stdbool.h>

#include "check.h"

/* Called with each check that is done, before its answer is written. */
typedef void batch_report(
    void *context, const struct check *check, const char *address, size_t len);

/*
 * Reads addresses from descriptor 0 and writes "address TAB verdict TAB why TAB reply" to
 * descriptor 1 until the input ends. What is answered is written out before any wait.
 * progress: how far it is, on descriptor 2. Returns 0, or -1 with errno when a descriptor or
 * memory failed; *trouble says whether any answer was our own trouble.
 */
int batch_run(
    struct checker *checker, bool progress, batch_report *report, void *context, bool *trouble);

#endif
