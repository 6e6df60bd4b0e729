/*
 * Which lines of a reply to EHLO may pass: a list of known keywords, since an extension that we
 * do not know may change how commands, replies or messages are told apart.
 */
#ifndef DOOR_WRAPKEYWORDS_H
#define DOOR_WRAPKEYWORDS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The keyword in a line of the reply ("250-SIZE 1000"): where it begins; its length in len, 0 if
 * there is none.
 */
const char *wrapkeywords_find(const char *line, size_t line_len, size_t *len);

/* May it pass? */
bool wrapkeywords_pass(const char *keyword, size_t len, bool starttls);

#endif
