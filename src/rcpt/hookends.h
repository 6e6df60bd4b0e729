/*
 * The descriptors with which a mail server starts a check, made safe before anything is opened.
 */
#ifndef RCPT_HOOKENDS_H
#define RCPT_HOOKENDS_H

#include <stdbool.h>

#include "hook.h"

/*
 * Is it to point at /dev/null or the like: closed, so that nothing we open takes its place, or
 * silenced?
 */
bool hookends_is_pointed(enum hook_form form, int fd);

/*
 * Makes 0, 1, 2 and 4 safe with one descriptor for all. What a form says on 1 goes to answer_fd then,
 * which stays as it is for the others. Returns 1 when nobody reads 2, 0 when somebody does, -1 when
 * it can't be done.
 */
int hookends_settle(enum hook_form form, int *answer_fd);

#endif
