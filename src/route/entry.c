#include "entry.h"

#include <string.h>

#define RANGE_MAX 64 /* bytes at each side: a local part */

void
entry_fold(char *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] =
		    text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
}

static bool
has_controls(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return true;
	return false;
}

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

/* "first-last", without a "*". */
static const char *
parse_range(struct entry *entry, const char *text, size_t side)
{
	entry->match = ROUTE_RANGE;
	entry_fold(entry->local, text, side);
	entry_fold(entry->last, text + side + 1, side);
	if (strcmp(entry->local, entry->last) > 0)
		return "ends before it begins";
	return NULL;
}

static bool
is_range(const char *text, size_t len)
{
	return len % 2 == 1 && len > 1 && text[len / 2] == '-' &&
	    memchr(text, '-', len / 2) == NULL &&
	    memchr(text + len / 2 + 1, '-', len / 2) == NULL;
}

/* What stands in front of a "*". */
static const char *
parse_prefix(struct entry *entry, const char *text, size_t len)
{
	if (len == 0) {
		entry->match = entry->domain[0] == '\0' ? ROUTE_ALL : ROUTE_DOMAIN;
		return NULL;
	}
	if (len > 2 * RANGE_MAX + 1 || (len > RANGE_MAX && !is_range(text, len)))
		return "begins with more than 64 bytes";
	if (is_range(text, len))
		return parse_range(entry, text, len / 2);
	entry->match = ROUTE_RANGE;
	entry_fold(entry->local, text, len);
	entry_fold(entry->last, text, len);
	return NULL;
}

static const char *
parse_local(struct entry *entry, const char *text, size_t len)
{
	bool quoted = len >= 2 && text[0] == '"' && text[len - 1] == '"';

	if (quoted) {
		text++;
		len -= 2;
		if (len == 0)
			return "has no user between the quotes";
	} else if (len == 0) {
		entry->match = ROUTE_DOMAIN;
		return NULL;
	} else if (text[len - 1] == '*') {
		return parse_prefix(entry, text, len - 1);
	} else if (len == 3 && text[1] == '-' && is_letter_or_digit(text[0]) &&
	    is_letter_or_digit(text[2])) {
		return parse_range(entry, text, 1);
	}
	entry->match = entry->domain[0] == '\0' ? ROUTE_USER : ROUTE_ADDRESS;
	memcpy(entry->local, text, len);
	return NULL;
}

/* How long it is without the dot of the root behind its domain: other mail servers drop it, too. */
static size_t
without_root(const char *text, size_t len, const char *at)
{
	return at != NULL && len > (size_t)(at - text) + 2 && text[len - 1] == '.' ? len - 1
										   : len;
}

const char *
entry_parse(struct entry *entry, const char *text, size_t len)
{
	const char *at;
	size_t local;

	memset(entry, 0, sizeof(*entry));
	if (len == 0)
		return "is empty";
	if (len > ROUTE_USER_MAX)
		return "is longer than 255 bytes";
	if (has_controls(text, len))
		return "has control bytes in it";
	if (text[0] == ' ' || text[len - 1] == ' ')
		return "has a blank at an end";
	at = memrchr(text, '@', len);
	len = without_root(text, len, at);
	local = at == NULL ? len : (size_t)(at - text);
	if (at != NULL) {
		if (local + 1 == len)
			return "has no domain behind the @";
		entry_fold(entry->domain, at + 1, len - local - 1);
	}
	return parse_local(entry, text, local);
}

bool
wanted_parse(struct wanted *wanted, const char *user, size_t len)
{
	const char *at;

	if (len == 0 || len > ROUTE_USER_MAX || has_controls(user, len))
		return false;
	at = memrchr(user, '@', len);
	len = without_root(user, len, at);
	wanted->len = len;
	wanted->local_len = at == NULL ? len : (size_t)(at - user);
	if (wanted->local_len == 0 || wanted->local_len + 1 == len)
		return false;
	entry_fold(wanted->folded, user, len);
	memcpy(wanted->exact, wanted->folded, len);
	memcpy(wanted->exact, user, wanted->local_len);
	wanted->folded[len] = wanted->exact[len] = '\0';
	wanted->domain = at == NULL ? NULL : wanted->folded + wanted->local_len + 1;
	return true;
}

/* The same name: 3 as it is, 2 or 1 without case, else 0. */
static unsigned
same_user(const struct entry *entry, const struct wanted *wanted)
{
	char folded[ROUTE_TEXT_SIZE];
	size_t len = strlen(entry->local);

	if (len != wanted->local_len)
		return 0;
	if (memcmp(entry->local, wanted->exact, len) == 0)
		return 3;
	entry_fold(folded, entry->local, len);
	if (memcmp(folded, wanted->folded, len) != 0)
		return 0;
	/* Of several who differ in case alone, the one in lower case is meant. */
	return memcmp(folded, entry->local, len) == 0 ? 2 : 1;
}

bool
entry_spell(char *user, size_t len, const char *text)
{
	struct wanted wanted;
	struct entry entry;

	if (!wanted_parse(&wanted, user, len) ||
	    entry_parse(&entry, text, strlen(text)) != NULL || entry.match >= ROUTE_RANGE ||
	    same_user(&entry, &wanted) == 0)
		return false;
	memcpy(user, entry.local, wanted.local_len);
	return true;
}

unsigned
entry_fits(const struct entry *entry, const struct wanted *wanted)
{
	enum {
		ADDRESS = 3000,
		USER = 2000,
		RANGE = 1000,
		RANGE_FOR_ALL = 500,
		DOMAIN = 2,
		ALL = 1
	};
	bool here = entry->domain[0] == '\0' ||
	    (wanted->domain != NULL && strcmp(entry->domain, wanted->domain) == 0);
	size_t len = strlen(entry->local);
	unsigned same;

	if (!here)
		return 0;
	switch (entry->match) {
	case ROUTE_ADDRESS:
		return (same = same_user(entry, wanted)) > 0 ? ADDRESS + same : 0;
	case ROUTE_USER:
		return (same = same_user(entry, wanted)) > 0 ? USER + same : 0;
	case ROUTE_RANGE:
		if (len > wanted->local_len || memcmp(wanted->folded, entry->local, len) < 0 ||
		    memcmp(wanted->folded, entry->last, len) > 0)
			return 0;
		return (entry->domain[0] == '\0' ? RANGE_FOR_ALL : RANGE) + (unsigned)len;
	case ROUTE_DOMAIN:
		return DOMAIN;
	case ROUTE_ALL:
		return ALL;
	}
	return 0;
}
