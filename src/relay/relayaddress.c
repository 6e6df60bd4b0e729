#include "relayaddress.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char not_an_address[] = "not an IP address";
static const char not_of_a_client[] = "no client can have this address";

static const char *
format_ipv4(char address[RELAYADDRESS_SIZE], const unsigned char ip[4])
{
	/* 0.0.0.0/8 is "this network", 224.0.0.0 and above are groups and reserved. */
	if (ip[0] == 0 || ip[0] >= 224)
		return not_of_a_client;
	snprintf(address, RELAYADDRESS_SIZE, "%d.%d.%d.%d", ip[0], ip[1], ip[2], ip[3]);
	return NULL;
}

/*
 * RFC 5952, 4.2: the longest run of zeros, the first of the longest, at least two. Not left to
 * inet_ntop(3), which differs from one libc to the next: Postfix asks for exactly this.
 */
static void
format_ipv6(char address[RELAYADDRESS_SIZE], const unsigned char ip[16])
{
	unsigned groups[8];
	int start = -1, best = 1, len = 0;

	for (int i = 0; i < 8; i++)
		groups[i] = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
	for (int i = 0; i < 8; i++) {
		int run = 0;

		while (i + run < 8 && groups[i + run] == 0)
			run++;
		if (run > best) {
			start = i;
			best = run;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			len += snprintf(address + len, RELAYADDRESS_SIZE - (size_t)len, "::");
			i += best - 1;
			continue;
		}
		len += snprintf(address + len, RELAYADDRESS_SIZE - (size_t)len, "%s%x",
		    i == 0 || i == start + best ? "" : ":", groups[i]);
	}
}

static const char *
read_ipv6(char address[RELAYADDRESS_SIZE], const unsigned char ip[16])
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	static const unsigned char loopback[16] = {[15] = 1};
	static const unsigned char zeros[8];

	if (memcmp(ip, mapped, sizeof(mapped)) == 0)
		return format_ipv4(address, ip + sizeof(mapped));
	/* "::", and odd ways to write IPv4: ::192.0.2.1, ::ffff:0:192.0.2.1 */
	if (memcmp(ip, zeros, sizeof(zeros)) == 0 &&
	    memcmp(ip, loopback, sizeof(loopback)) != 0)
		return not_of_a_client;
	if (ip[0] == 0xff)
		return not_of_a_client;
	/* fe80::/10: another host on each link */
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		return "link-local, so it says nothing without its link";
	format_ipv6(address, ip);
	return NULL;
}

const char *
relayaddress_normalise(char address[RELAYADDRESS_SIZE], const char *text, size_t len)
{
	char copy[RELAYADDRESS_SIZE];
	unsigned char ip[16];

	address[0] = '\0';
	if (len == 0)
		return "empty";
	if (memchr(text, '/', len) != NULL)
		return "a network, not an address";
	if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return not_an_address;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, ip) == 1)
		return format_ipv4(address, ip);
	if (inet_pton(AF_INET6, copy, ip) == 1)
		return read_ipv6(address, ip);
	return not_an_address;
}

bool
relayaddress_is_safe_in_parts(const char *address)
{
	const char *zeros = strstr(address, "::");

	return zeros == NULL || memchr(address, ':', (size_t)(zeros - address)) != NULL ||
	    strcmp(address, "::1") == 0;
}

bool
relayaddress_is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}
