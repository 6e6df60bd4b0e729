#include "loglines.h"

#include <string.h>

void
loglines_feed(struct loglines *lines, const char *bytes, size_t len)
{
	lines->bytes = bytes;
	lines->left = len;
}

static void
keep_part(struct loglines *lines, size_t len)
{
	size_t room = sizeof(lines->part) - lines->len;

	if (len > room) {
		lines->too_long = true;
		len = room;
	}
	memcpy(lines->part + lines->len, lines->bytes, len);
	lines->len += len;
}

bool
loglines_next(struct loglines *lines, struct loglines_line *line)
{
	const char *end = lines->left > 0 ? memchr(lines->bytes, '\n', lines->left) : NULL;
	size_t len = end != NULL ? (size_t)(end - lines->bytes) : lines->left;
	bool whole = lines->len == 0 && !lines->too_long && len <= LOGLINES_MAX;

	if (end == NULL) {
		if (len > 0)
			keep_part(lines, len);
		lines->left = 0;
		return false;
	}
	if (whole) {
		line->text = lines->bytes;
		line->len = len;
		line->cut = false;
	} else {
		keep_part(lines, len);
		line->text = lines->part;
		line->len = lines->len;
		line->cut = lines->too_long;
	}
	lines->len = 0;
	lines->too_long = false;
	lines->bytes += len + 1;
	lines->left -= len + 1;
	return true;
}
