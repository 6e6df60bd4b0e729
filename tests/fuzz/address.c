/*
 * Any bytes as an address: what comes of it is safe on a wire, and says what was asked.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_wire(const char *text, size_t len)
{
	check(strlen(text) == len);
	for (size_t i = 0; i < len; i++)
		check((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

/* Reads a path as a server does (RFC 5321 4.1.2). Returns the length of the local part. */
static size_t
unquote(char *local, const char *path, const char **domain)
{
	size_t len = 0;

	if (*path == '"') {
		for (path++; *path != '"'; path++) {
			if (*path == '\\')
				path++;
			check(*path != '\0');
			local[len++] = *path;
		}
		path++;
	} else {
		for (; *path != '@'; path++) {
			check(*path != '\0' && strchr(" \"(),:;<>[\\]", *path) == NULL);
			check(*path != '.' || (len > 0 && path[1] != '.' && path[1] != '@'));
			local[len++] = *path;
		}
	}
	check(*path == '@');
	*domain = path + 1;
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address address, again;
	char path[ADDRESS_PATH_SIZE], local[ADDRESS_PATH_SIZE], key[ADDRESS_KEY_SIZE];
	const char *bytes = (const char *)data, *domain;
	enum address_kind kind = address_parse(&address, bytes, size);
	size_t len;

	if (kind == ADDRESS_NO_DOMAIN)
		return 0;
	check(address.local == bytes && address.domain == bytes + address.local_len + 1);
	check(address.local_len + 1 + address.domain_len == size);
	check_wire(address.key_domain, address.domain_len);
	(void)address_is_postmaster(&address);
	if (kind == ADDRESS_UNSAFE)
		return 0;

	len = address_path(path, &address, "");
	check_wire(path, len);
	check(unquote(local, path, &domain) == address.local_len);
	check(memcmp(local, address.local, address.local_len) == 0);
	check(strlen(domain) == address.domain_len &&
	    memcmp(domain, address.domain, address.domain_len) == 0);
	check_wire(path, address_path(path, &address, "ask.example"));
	check(strcmp(path + strlen(path) - 12, "@ask.example") == 0);

	/* The key is the address again, and folding it twice changes nothing. */
	len = address_key(key, &address, false);
	check_wire(key, len);
	check(address_parse(&again, key, len) == ADDRESS_FINE &&
	    again.local_len == address.local_len);
	check(memcmp(again.local, address.local, address.local_len) == 0);
	check(strcmp(again.key_domain, address.key_domain) == 0);
	check(again.needs_utf8 == address.needs_utf8);
	len = address_key(key, &address, true);
	check(address_parse(&again, key, len) == ADDRESS_FINE);
	check(address_key(path, &again, true) == len && memcmp(path, key, len) == 0);
	return 0;
}
