/*
 * Any bytes as an IMAP or POP3 server, in pieces of any size (the first byte): what is taken of them
 * fits, can stand in a configuration, and is the same in other pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "route/common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
hear(struct capability *capability, const uint8_t *data, size_t size, size_t piece)
{
	capability_start(capability);
	for (size_t at = 0; at < size; at += piece)
		capability_push(
		    capability, (const char *)data + at, size - at < piece ? size - at : piece);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct capability whole, pieces;
	static struct common common;

	if (size == 0)
		return 0;
	hear(&whole, data + 1, size - 1, size);
	hear(&pieces, data + 1, size - 1, 1 + data[0]);
	check(whole.state == pieces.state && whole.set.count == pieces.set.count);
	check(whole.state != CAPABILITY_FAILED || whole.why != NULL);
	check(whole.set.count <= CAPABILITY_MAX);
	for (size_t i = 0; i < whole.set.count; i++) {
		const char *name = whole.set.names[i];

		check(strcmp(name, pieces.set.names[i]) == 0);
		check(strlen(name) > 0 && strlen(name) < CAPABILITY_SIZE);
		check(strpbrk(name, "\"\\;{}\r\n") == NULL);
		(void)capability_is_of_proxy(whole.protocol, name);
	}
	if (whole.state != CAPABILITY_DONE)
		return 0;
	memset(&common, 0, sizeof(common));
	common_add(&common, &whole);
	common_add(&common, &pieces);
	check(common.set.count == whole.set.count);
	return 0;
}
