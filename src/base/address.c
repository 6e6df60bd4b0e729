#include "address.h"

#include <string.h>
#include <strings.h>

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool
is_eight_bit(char c)
{
	return (unsigned char)c >= 0x80;
}

/* atext of RFC 5322 3.2.3, and the UTF-8 that RFC 6531 3.3 adds. */
static bool
is_atext(char c)
{
	return is_alnum(c) || is_eight_bit(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool
is_domain_byte(char c)
{
	return is_alnum(c) || is_eight_bit(c) || c == '.' || c == '-' || c == '_';
}

/* RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. */
static bool
is_utf8(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)bytes[i++], low = 0x80, high = 0xbf;
		int more;

		if (c < 0x80)
			continue;
		if (c >= 0xc2 && c <= 0xdf)
			more = 1;
		else if (c >= 0xe0 && c <= 0xef)
			more = 2;
		else if (c >= 0xf0 && c <= 0xf4)
			more = 3;
		else
			return false;
		if (c == 0xe0)
			low = 0xa0;
		else if (c == 0xed)
			high = 0x9f;
		else if (c == 0xf0)
			low = 0x90;
		else if (c == 0xf4)
			high = 0x8f;
		for (; more > 0; more--, low = 0x80, high = 0xbf) {
			if (i == len || (unsigned char)bytes[i] < low ||
			    (unsigned char)bytes[i] > high)
				return false;
			i++;
		}
	}
	return true;
}

enum address_kind
address_parse(struct address *address, const char *bytes, size_t len)
{
	size_t at = len;

	while (at > 0 && bytes[at - 1] != '@')
		at--;
	if (at == 0 || at == len || len - at > ADDRESS_DOMAIN_MAX)
		return ADDRESS_NO_DOMAIN;
	address->local = bytes;
	address->local_len = at - 1;
	address->domain = bytes + at;
	address->domain_len = len - at;
	/* The root's dot: other mail servers drop it, too, and find the domain. */
	if (address->domain_len > 1 && bytes[len - 1] == '.')
		address->domain_len--;
	for (size_t i = 0; i < address->domain_len; i++) {
		if (!is_domain_byte(address->domain[i]))
			return ADDRESS_NO_DOMAIN;
		address->key_domain[i] = lower(address->domain[i]);
	}
	address->key_domain[address->domain_len] = '\0';

	address->needs_utf8 = false;
	if (address->local_len == 0 || address->local_len > ADDRESS_LOCAL_MAX)
		return ADDRESS_UNSAFE;
	for (size_t i = 0; i < address->local_len; i++) {
		char c = address->local[i];

		if (is_eight_bit(c))
			address->needs_utf8 = true;
		else if (c < ' ' || c == 0x7f)
			return ADDRESS_UNSAFE;
	}
	if (address->needs_utf8 && !is_utf8(address->local, address->local_len))
		return ADDRESS_UNSAFE;
	return ADDRESS_FINE;
}

bool
address_is_postmaster(const struct address *address)
{
	static const char name[] = "postmaster";

	return address->local_len == sizeof(name) - 1 &&
	    strncasecmp(address->local, name, sizeof(name) - 1) == 0;
}

static bool
is_dot_string(const char *local, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (local[i] == '.') {
			if (i == 0 || i == len - 1 || local[i - 1] == '.')
				return false;
		} else if (!is_atext(local[i])) {
			return false;
		}
	}
	return true;
}

size_t
address_path(
    char path[ADDRESS_PATH_SIZE], const struct address *address, const char *ask_domain)
{
	bool quote = !is_dot_string(address->local, address->local_len);
	const char *domain = address->domain;
	size_t domain_len = address->domain_len, len = 0;

	if (ask_domain[0] != '\0') {
		domain = ask_domain;
		domain_len = strlen(ask_domain);
	}
	if (quote)
		path[len++] = '"';
	for (size_t i = 0; i < address->local_len; i++) {
		if (address->local[i] == '"' || address->local[i] == '\\')
			path[len++] = '\\';
		path[len++] = address->local[i];
	}
	if (quote)
		path[len++] = '"';
	path[len++] = '@';
	memcpy(path + len, domain, domain_len);
	len += domain_len;
	path[len] = '\0';
	return len;
}

size_t
address_key(char key[ADDRESS_KEY_SIZE], const struct address *address, bool fold)
{
	size_t len = 0;

	for (size_t i = 0; i < address->local_len; i++)
		key[len++] = fold ? lower(address->local[i]) : address->local[i];
	key[len++] = '@';
	memcpy(key + len, address->key_domain, address->domain_len);
	len += address->domain_len;
	key[len] = '\0';
	return len;
}
