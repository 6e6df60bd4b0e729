/*
 * The addresses that may relay, in the one form in which they are stored, compared, and asked for
 * by Postfix: IPv4 in dots, IPv6 as RFC 5952 has it, IPv4-mapped IPv6 as the IPv4 it is.
 */
#ifndef RELAY_RELAYADDRESS_H
#define RELAY_RELAYADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define RELAYADDRESS_SIZE 46 /* with its NUL */

/*
 * Brings one address to that form. Returns NULL, or why there must never be a mark for it: a
 * constant text that reads well behind "192.0.2.0/24: ". Networks, names, scopes, leading zeros,
 * blanks, and addresses that no TCP client can have, are refused.
 */
const char *relayaddress_normalise(
    char address[RELAYADDRESS_SIZE], const char *text, size_t len);

/*
 * May a server that asks for parts of addresses too find this one, which is in the one form? Postfix
 * takes ":group" off the end again and again, and fd00::5 is what fd00::5:a:b:c:d, which is somewhere
 * else, begins with. Where two groups or more stand in front of the "::", whoever is found so is
 * in the same /64, the network of one link; then it may, and without a "::".
 */
bool relayaddress_is_safe_in_parts(const char *address);

/* Is this address, in the one form, this host itself? */
bool relayaddress_is_loopback(const char *address);

#endif
