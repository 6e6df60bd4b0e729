/*
 * Recipients as SMTP writes them, for protocols that hand them on like that: quotes around the local
 * part, an old source route in front of it.
 */
#ifndef DOOR_MAILBOX_H
#define DOOR_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Makes the bare form of it (RFC 5321 4.1.2), never longer, in place. Returns false, and changes
 * nothing, when it begins with a quote and is no quoted string with an "@" behind.
 */
bool mailbox_bare(char *text, size_t *len);

/* The same where there is no source route to expect: "@a:b@c" is a local part "@a:b" then. */
bool mailbox_unquote(char *text, size_t *len);

#endif
