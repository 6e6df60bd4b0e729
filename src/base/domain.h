/*
 * Names of domains and hosts as an administrator writes them, brought to the one form in which
 * they are stored and compared: lower-case A-labels. Uses libidn2, so the hot path keeps away
 * from it.
 *
 * A function that returns const char * returns NULL when all is well, else why the name can't
 * be: a constant text that reads well behind "domain_ips: rowid 3: domain: 'x': ".
 */
#ifndef BASE_DOMAIN_H
#define BASE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#define DOMAIN_SIZE         256  /* an A-label (253 bytes at most) with its NUL */
#define DOMAIN_UNICODE_SIZE 1024 /* the same as a U-label */

/*
 * A host name: letters, digits, hyphens and underscores in labels of 1 to 63 bytes; one dot at
 * its end is dropped. U-labels are mapped and converted (UTS 46, nontransitional; IDNA2008).
 * ASCII names are taken as they are, "xn--" too: what the DNS has is right, whatever IDNA says.
 */
const char *domain_normalise(char name[DOMAIN_SIZE], const char *bytes, size_t len);

/* A main name: a host name, or any printable text without blanks and @, in lower case. */
const char *domain_normalise_label(char name[DOMAIN_SIZE], const char *bytes, size_t len);

/* A host name that mail can be sent to: it has a dot and is no address. */
const char *domain_normalise_recipient(char name[DOMAIN_SIZE], const char *bytes, size_t len);

/* Is this normalised name one that mail can be sent to? */
bool domain_is_recipient(const char *name);

/* Could a resolver take this normalised name for an IPv4 address, such as 300.1.1.1 or 0x7f? */
bool domain_is_numeric(const char *name);

/*
 * The U-label of a normalised name. Returns false when there is none: it has no "xn--", or not
 * one that converts there and back.
 */
bool domain_unicode(char unicode[DOMAIN_UNICODE_SIZE], const char *name);

#endif
