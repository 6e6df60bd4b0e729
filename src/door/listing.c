#include "listing.h"

#include <string.h>

#define QUOTED_MAX (2 * ADDRESS_LOCAL_MAX + 2)

static const char not_an_address[] = "must be user@domain or @domain";
static const char no_user[] = "has no user that mail can be sent to in front of the @";

/* Takes the quotes off. Returns the length, or 0 when that is nothing, or not a user. */
static size_t
unquote(char out[QUOTED_MAX], const char *quoted, size_t len)
{
	size_t used = 0;

	for (size_t i = 1; i < len - 1; i++) {
		if (quoted[i] == '\\' && ++i == len - 1)
			return 0;
		out[used++] = quoted[i];
	}
	return used;
}

/* "joe-*": a "*" behind a sign. Else it is not clear whether "joe*" was meant to be joe. */
static const char *
parse_star(struct listing *listing)
{
	char before;

	listing->local_len--;
	if (listing->local_len == 0) {
		listing->kind = LISTING_ALL;
		return NULL;
	}
	before = listing->local[listing->local_len - 1];
	if (before <= ' ' || (before >= '0' && before <= '9') ||
	    (before >= 'A' && before <= 'Z') || (before >= 'a' && before <= 'z'))
		return "must have a sign such as - or + in front of the *";
	listing->kind = LISTING_PREFIX;
	return NULL;
}

/* RFC 5322 3.2.3: what must be quoted in a local part. A list with that is more likely no list. */
static bool
has_specials(const char *local, size_t len)
{
	static const bool special[256] = {
	    [' '] = true,
	    ['('] = true,
	    [')'] = true,
	    ['<'] = true,
	    ['>'] = true,
	    ['['] = true,
	    [']'] = true,
	    [':'] = true,
	    [';'] = true,
	    ['@'] = true,
	    ['\\'] = true,
	    [','] = true,
	    ['"'] = true,
	};
	bool has = false;

	for (size_t i = 0; i < len; i++)
		has |= special[(unsigned char)local[i]];
	return has;
}

const char *
listing_parse(struct listing *listing, const char *text, size_t len, bool literal)
{
	char bare[QUOTED_MAX + 1 + ADDRESS_DOMAIN_MAX];
	struct address address;
	enum address_kind kind = address_parse(&address, text, len);

	if (kind == ADDRESS_NO_DOMAIN)
		return not_an_address;
	listing->domain = address.domain;
	listing->domain_len = address.domain_len;
	if (address.local_len >= 2 && address.local_len <= QUOTED_MAX && text[0] == '"' &&
	    text[address.local_len - 1] == '"') {
		size_t used = unquote(bare, text, address.local_len);

		if (used == 0)
			return no_user;
		bare[used] = '@';
		memcpy(bare + used + 1, address.domain, address.domain_len);
		kind = address_parse(&address, bare, used + 1 + address.domain_len);
		literal = true;
	}
	listing->local_len = 0;
	listing->kind = LISTING_ALL;
	if (address.local_len == 0)
		return NULL;
	if (kind != ADDRESS_FINE)
		return no_user;
	if (!literal && has_specials(address.local, address.local_len))
		return "has a blank or one of ()<>[]:;@\\,\" in the user, without quotes "
		       "around it";
	if (address.local[0] == ' ' || address.local[address.local_len - 1] == ' ')
		return "has a blank at an end of the user";
	memcpy(listing->local, address.local, address.local_len);
	listing->local_len = address.local_len;
	listing->kind = LISTING_USER;
	if (!literal && listing->local[listing->local_len - 1] == '*')
		return parse_star(listing);
	return NULL;
}
