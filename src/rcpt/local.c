#include "local.h"

#include <stdbool.h>
#include <string.h>

/* A list with its domain. */
struct list {
	struct cdbfile *cdb;
	const struct record *record;
	const char *domain;
};

static int
find(const struct list *list, char type, const char *local, size_t len)
{
	char key[RECORD_USER_KEY_SIZE];
	unsigned char nothing[1];
	size_t key_len, value_len;

	/* rcptbuild takes none that is empty or longer. */
	if (len == 0 || len > ADDRESS_LOCAL_MAX)
		return 0;
	key_len = record_user_key(key, type, local, len, list->domain);
	return cdbfile_find(list->cdb, key, key_len, nothing, sizeof(nothing), &value_len);
}

/* user+detail+more: user+detail, then user (qmail: user-ext-more). */
static int
find_by_delimiter(const struct list *list, const char *local, size_t len)
{
	char delimiter = list->record->settings.delimiter[0];
	int found = 0;

	if (delimiter == '\0')
		return 0;
	if (len > ADDRESS_LOCAL_MAX + 1)
		len = ADDRESS_LOCAL_MAX + 1;
	for (size_t i = len; i-- > 1 && found == 0;)
		if (local[i] == delimiter)
			found = find(list, RECORD_KEY_USER, local, i);
	return found;
}

/* A letter, a digit or an 8-bit byte never ends what stands in front of a "*". */
static bool
is_sign(char c)
{
	return c > ' ' && c <= '~' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
	    !(c >= 'A' && c <= 'Z');
}

static int
find_by_prefix(const struct list *list, const char *local, size_t len)
{
	int found = 0;

	if ((list->record->flags & RECORD_PREFIXES) == 0)
		return 0;
	if (len > ADDRESS_LOCAL_MAX)
		len = ADDRESS_LOCAL_MAX;
	for (size_t i = len; i > 0 && found == 0; i--)
		if (is_sign(local[i - 1]))
			found = find(list, RECORD_KEY_PREFIX, local, i);
	return found;
}

static int
find_as(const struct list *list, const char *local, size_t len)
{
	int found = find(list, RECORD_KEY_USER, local, len);

	if (found == 0)
		found = find_by_delimiter(list, local, len);
	if (found == 0)
		found = find_by_prefix(list, local, len);
	return found;
}

/*
 * Takes the quotes off (RFC 5321 4.1.2). Returns the length, or 0 when it has none. What does not
 * fit is cut: that is longer than anything in a list, and only its beginning can matter.
 */
static size_t
unquote(char bare[2 * ADDRESS_LOCAL_MAX], const char *local, size_t len)
{
	size_t used = 0;

	if (len < 2 || local[0] != '"' || local[len - 1] != '"')
		return 0;
	for (size_t i = 1; i < len - 1 && used < 2 * ADDRESS_LOCAL_MAX; i++) {
		if (local[i] == '\\' && i + 1 < len - 1)
			i++;
		bare[used++] = local[i];
	}
	return used;
}

int
local_find(struct cdbfile *cdb, const struct record *record, const char *domain,
    const char *local, size_t len)
{
	struct list list = {cdb, record, domain};
	char bare[2 * ADDRESS_LOCAL_MAX];
	size_t bare_len = unquote(bare, local, len);
	int found;

	if ((record->flags & RECORD_CATCH_ALL) != 0)
		return 1;
	/* An alias has users of its own, and those of its main name. */
	if (record->ask_domain[0] != '\0')
		list.domain = record->ask_domain;
	for (;;) {
		found = find_as(&list, local, len);
		if (found == 0 && bare_len > 0)
			found = find_as(&list, bare, bare_len);
		if (found != 0 || record->main_name[0] == '\0' ||
		    strcmp(list.domain, record->main_name) == 0)
			return found;
		list.domain = record->main_name;
	}
}
