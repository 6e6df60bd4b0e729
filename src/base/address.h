/*
 * Mail addresses as a mail server hands them to its hook: raw, unquoted, and with anything in
 * them.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_LOCAL_MAX  64  /* RFC 5321 4.5.3.1.1 */
#define ADDRESS_DOMAIN_MAX 253 /* RFC 1035 2.3.4, without the root's dot */
#define ADDRESS_PATH_SIZE  (2 * ADDRESS_LOCAL_MAX + 3 + ADDRESS_DOMAIN_MAX + 1)
#define ADDRESS_KEY_SIZE   (ADDRESS_LOCAL_MAX + 1 + ADDRESS_DOMAIN_MAX + 1)

enum address_kind {
	ADDRESS_NO_DOMAIN, /* empty, without "@", or behind it what can't be a domain: not ours */
	ADDRESS_UNSAFE, /* a domain, but a local part that is never put on a wire: empty, longer
			      than 64 bytes, with control bytes, or 8-bit and no UTF-8 */
	ADDRESS_FINE,
};

struct address {
	const char *local; /* points into the caller's bytes, and so does domain */
	size_t local_len;
	const char *domain; /* as given: case kept */
	size_t domain_len;
	char key_domain[ADDRESS_DOMAIN_MAX + 1]; /* ASCII letters in lower case */
	bool needs_utf8;                         /* the local part does (RFC 6531) */
};

/* Splits at the last "@". The fields are set for all kinds but ADDRESS_NO_DOMAIN. */
enum address_kind address_parse(struct address *address, const char *bytes, size_t len);

/* Is the local part "postmaster", in whatever case (RFC 5321 4.5.1)? */
bool address_is_postmaster(const struct address *address);

/*
 * For an address that is ADDRESS_FINE: the mailbox of RCPT TO without its angle brackets, the
 * local part quoted where it is no dot-string (RFC 5321 4.1.2). ask_domain replaces the domain
 * unless it is empty. Returns the length.
 */
size_t address_path(
    char path[ADDRESS_PATH_SIZE], const struct address *address, const char *ask_domain);

/*
 * For an address that is ADDRESS_FINE: local part, "@", domain in lower case; fold lowers the
 * ASCII letters of the local part too. Returns the length.
 */
size_t address_key(char key[ADDRESS_KEY_SIZE], const struct address *address, bool fold);

#endif
