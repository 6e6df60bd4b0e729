#include "mailbox.h"

#include <string.h>

/* Where the quoted string that begins the text ends: behind its closing quote; 0: nowhere. */
static size_t
quoted_end(const char *text, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == '"')
			return i + 1;
	}
	return 0;
}

/* RFC 5321 appendix C: "@a,@b:user@domain" */
static size_t
route_len(const char *text, size_t len)
{
	const char *colon = len > 0 && text[0] == '@' ? memchr(text, ':', len) : NULL;

	return colon != NULL ? (size_t)(colon - text) + 1 : 0;
}

/* Makes the bare form of what begins at from. */
static bool
make_bare(char *text, size_t *len, size_t from)
{
	size_t to = 0, end;

	if (from < *len && text[from] == '"') {
		end = quoted_end(text + from, *len - from);
		if (end == 0 || from + end >= *len || text[from + end] != '@')
			return false;
		end += from;
		for (size_t i = from + 1; i < end - 1; i++) {
			if (text[i] == '\\')
				i++;
			text[to++] = text[i];
		}
		from = end;
	}
	memmove(text + to, text + from, *len - from);
	*len = to + (*len - from);
	return true;
}

bool
mailbox_bare(char *text, size_t *len)
{
	return make_bare(text, len, route_len(text, *len));
}

bool
mailbox_unquote(char *text, size_t *len)
{
	return make_bare(text, len, 0);
}
