/*
 * Any bytes as a client's address: what comes out is stable, is read as the same address by the
 * system, and is none that could stand for more than one client.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/relayaddress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char address[RELAYADDRESS_SIZE], again[RELAYADDRESS_SIZE], libc[INET6_ADDRSTRLEN];
	unsigned char ip[16];

	memset(address, 0x5a, sizeof(address));
	if (relayaddress_normalise(address, (const char *)data, size) != NULL) {
		check(address[0] == '\0');
		return 0;
	}
	check(memchr(address, '\0', sizeof(address)) != NULL);
	check(relayaddress_normalise(again, address, strlen(address)) == NULL &&
	    strcmp(address, again) == 0);
	check(strspn(address, "0123456789abcdef.:") == strlen(address));
	if (inet_pton(AF_INET, address, ip) == 1) {
		check(ip[0] != 0 && ip[0] < 224);
		return 0;
	}
	check(inet_pton(AF_INET6, address, ip) == 1 &&
	    inet_ntop(AF_INET6, ip, libc, sizeof(libc)) != NULL && strcmp(libc, address) == 0);
	check(!IN6_IS_ADDR_UNSPECIFIED((struct in6_addr *)ip) &&
	    !IN6_IS_ADDR_V4MAPPED((struct in6_addr *)ip) && ip[0] != 0xff);
	return 0;
}
