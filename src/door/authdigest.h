/*
 * Secrets compared: in the clear, and by the digests of APOP (RFC 1939) and CRAM-MD5 (RFC 2195). How
 * long a comparison takes says nothing of where a guess is wrong.
 */
#ifndef DOOR_AUTHDIGEST_H
#define DOOR_AUTHDIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define AUTHDIGEST_HEX_SIZE 33 /* 16 bytes in lower-case hexadecimal, with NUL */

/* Is the guess this secret? An empty secret is nobody's. */
bool authdigest_same(const char *secret, const char *guess, size_t len);

void authdigest_apop(char hex[AUTHDIGEST_HEX_SIZE], const char *secret, const char *salt);
void authdigest_cram_md5(char hex[AUTHDIGEST_HEX_SIZE], const char *secret, const char *salt);

#endif
