/*
 * Names and addresses as they stand in rcptcheck.db: the first byte chooses, the rest is the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "door/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

/* What was normalised is a host name, and normalising it again changes nothing. */
static void
check_name(const char *name)
{
	char again[DOMAIN_SIZE], unicode[DOMAIN_UNICODE_SIZE];
	size_t len = strlen(name);

	check(len >= 1 && len <= 253);
	check(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == len);
	check(domain_normalise(again, name, len) == NULL && strcmp(again, name) == 0);
	if (domain_unicode(unicode, name)) {
		check(domain_normalise(again, unicode, strlen(unicode)) == NULL);
		check(strcmp(again, name) == 0 && strcmp(unicode, name) != 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[DOMAIN_SIZE], again[DOMAIN_SIZE], *text;
	struct record_server server;
	int choice;

	if (size == 0)
		return 0;
	choice = *data++ % 4;
	size--;
	text = malloc(size + 1); /* of its own, so that reading past its end is seen */
	check(text != NULL);
	memcpy(text, data, size);
	switch (choice) {
	case 0:
		if (domain_normalise(name, text, size) == NULL)
			check_name(name);
		break;
	case 1:
		if (domain_normalise_label(name, text, size) != NULL)
			break;
		for (const char *p = name; *p != '\0'; p++)
			check(*p > ' ' && *p <= '~' && *p != '@');
		check(domain_normalise_label(again, name, strlen(name)) == NULL);
		check(strcmp(again, name) == 0);
		break;
	case 2:
		if (domain_normalise_recipient(name, text, size) != NULL)
			break;
		check_name(name);
		check(domain_is_recipient(name) && strchr(name, '.') != NULL);
		break;
	default:
		if (host_parse(&server, name, text, size) != NULL)
			break;
		check((server.family == 0) == (name[0] != '\0'));
		if (server.family == 0)
			check_name(name);
		else
			check(host_address_refused(&server) == NULL && server.port == 0);
	}
	free(text);
	return 0;
}
