/*
 * The header by which a proxy says who its client is: PROXY protocol, versions 1 and 2, as
 * haproxy's doc/proxy-protocol.txt has it.
 *
 * Pure: it is given what has arrived and says what it means, and how much of it is header. TLVs of
 * version 2 are stepped over, checksums among them.
 */
#ifndef RELAY_PROXYHEADER_H
#define RELAY_PROXYHEADER_H

#include <stddef.h>
#include <stdint.h>

#define PROXYHEADER_MAX (16 + 65535) /* bytes; no longer one exists */

enum proxyheader_kind {
	PROXYHEADER_BAD = 0, /* reason says why */
	PROXYHEADER_MORE,    /* all bytes so far belong to a header that goes on */
	PROXYHEADER_LOCAL,   /* the proxy speaks for itself: a health check */
	PROXYHEADER_UNKNOWN, /* for a client of which it can't tell the address */
	PROXYHEADER_TCP4,
	PROXYHEADER_TCP6,
};

#define PROXYHEADER_ADDRESS_SIZE 46 /* INET6_ADDRSTRLEN */

struct proxyheader {
	size_t len;         /* of the header; PROXYHEADER_MORE: so much more of it is certain */
	const char *reason; /* a constant text */
	/*
	 * Of the last two kinds. An IPv6 header with IPv4-mapped addresses is PROXYHEADER_TCP4; if
	 * only one of them is mapped, it is written as IPv4 and the kind is that of the source.
	 */
	char source[PROXYHEADER_ADDRESS_SIZE], destination[PROXYHEADER_ADDRESS_SIZE];
	uint16_t source_port, destination_port;
};

enum proxyheader_kind proxyheader_parse(
    struct proxyheader *header, const unsigned char *bytes, size_t len);

#endif
