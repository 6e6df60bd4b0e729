/*
 * Any bytes where a PROXY header should be: the answer is the same however they arrive, no byte
 * behind the header counts, and addresses are such as a program can use.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/proxyheader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_address(const char *text)
{
	unsigned char bytes[16];

	check(inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1);
	check(strncmp(text, "::ffff:", 7) != 0 || strchr(text, '.') == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proxyheader whole, part;
	unsigned char *copy =
	    malloc(size == 0 ? 1 : size); /* so that one byte more is noticed */
	enum proxyheader_kind kind, now;

	if (size > 0)
		memcpy(copy, data, size);
	kind = proxyheader_parse(&whole, copy, size);
	free(copy);
	switch (kind) {
	case PROXYHEADER_BAD:
		check(whole.reason != NULL);
		break;
	case PROXYHEADER_MORE:
		check(whole.len > 0 && size + whole.len <= PROXYHEADER_MAX);
		break;
	default:
		check(whole.len > 0 && whole.len <= size && whole.len <= PROXYHEADER_MAX);
		check(data[0] != 'P' || (whole.len <= 107 && data[whole.len - 1] == '\n'));
	}
	if (kind == PROXYHEADER_TCP4 || kind == PROXYHEADER_TCP6) {
		check_address(whole.source);
		check_address(whole.destination);
		check((strchr(whole.source, ':') == NULL) == (kind == PROXYHEADER_TCP4));
	}
	/* As it comes byte by byte: nothing is said before its time, and nothing else then. */
	for (size_t len = 0; len <= size && len < 512; len++) {
		copy = malloc(len == 0 ? 1 : len);
		if (len > 0)
			memcpy(copy, data, len);
		now = proxyheader_parse(&part, copy, len);
		free(copy);
		if (now == PROXYHEADER_MORE) {
			check(kind != PROXYHEADER_BAD || len < size);
			check(kind < PROXYHEADER_LOCAL || len + part.len <= whole.len);
			continue;
		}
		check(now == kind);
		check(kind == PROXYHEADER_BAD || (part.len == len && part.len == whole.len));
		break;
	}
	return 0;
}
