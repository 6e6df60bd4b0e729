#include "deliverytext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* qmail takes a line that begins with "#" for a comment in all its control files of many lines. */
static const char mark_begin[] = "# BEGIN rcptbuild: do not edit up to END, edit rcptcheck.db";
static const char mark_end[] = "# END rcptbuild";
static const char word_begin[] = "# BEGIN rcptbuild";

static const char no_memory[] = "out of memory";

void
deliverytext_add(struct deliverytext *text, const char *bytes, size_t len)
{
	if (!text->failed && text->room - text->len < len) {
		size_t room = text->room * 2 + len + 4096;
		char *more = realloc(text->bytes, room);

		if (more == NULL) {
			text->failed = true;
		} else {
			text->bytes = more;
			text->room = room;
		}
	}
	if (text->failed || len == 0)
		return;
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

void
deliverytext_string(struct deliverytext *text, const char *string)
{
	deliverytext_add(text, string, strlen(string));
}

static bool
begins(const char *line, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

/* What a line of the administrator's is about. Returns -1 for want of memory. */
static int
note_key(struct deliverytext_split *split, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	char key[256];
	size_t key_len = colon != NULL ? (size_t)(colon - line) : len;

	while (key_len > 0 && (line[key_len - 1] == ' ' || line[key_len - 1] == '\t'))
		key_len--;
	if (colon == line)
		split->for_all = true;
	if (key_len == 0 || key_len > sizeof(key) || line[0] == '#')
		return 0;
	for (size_t i = 0; i < key_len; i++)
		key[i] =
		    line[i] >= 'A' && line[i] <= 'Z' ? (char)(line[i] - 'A' + 'a') : line[i];
	return intern_add(&split->keys, key, key_len) == INTERN_NONE ? -1 : 0;
}

const char *
deliverytext_find(struct deliverytext_split *split, const char *bytes, size_t len)
{
	enum { BEFORE, INSIDE, BEHIND } where = BEFORE;
	size_t at = 0;

	memset(split, 0, sizeof(*split));
	split->before = split->after = len;
	if (len > 0 && memchr(bytes, '\0', len) != NULL)
		return "it has a NUL byte, as no text has: name another file";
	while (at < len) {
		const char *line = bytes + at, *lf = memchr(line, '\n', len - at);
		size_t line_len = lf != NULL ? (size_t)(lf - line) : len - at;
		size_t next = at + line_len + (lf != NULL);

		if (begins(line, line_len, word_begin)) {
			if (where != BEFORE)
				return "it has two beginnings of our block";
			split->before = at;
			where = INSIDE;
		} else if (begins(line, line_len, mark_end)) {
			if (where != INSIDE)
				return "it has the end of our block without its beginning";
			split->after = next;
			where = BEHIND;
		} else if (where == INSIDE) {
			split->lines++;
		} else if (note_key(split, line, line_len) == -1) {
			return no_memory;
		}
		at = next;
	}
	return where == INSIDE ? "it has the beginning of our block without its end" : NULL;
}

bool
deliverytext_routes(const struct deliverytext_split *split, const char *domain)
{
	const char *name = domain;

	if (split->for_all || intern_find(&split->keys, domain, strlen(domain)) != INTERN_NONE)
		return true;
	while (name[0] != '\0' && (name = strchr(name + 1, '.')) != NULL)
		if (intern_find(&split->keys, name, strlen(name)) != INTERN_NONE)
			return true;
	return false;
}

void
deliverytext_merge(struct deliverytext *out, const struct deliverytext_split *split,
    const char *bytes, size_t len, const struct deliverytext *lines)
{
	deliverytext_add(out, bytes, split->before);
	if (split->before > 0 && bytes[split->before - 1] != '\n')
		deliverytext_string(out, "\n");
	deliverytext_string(out, mark_begin);
	deliverytext_string(out, "\n");
	deliverytext_add(out, lines->bytes, lines->len);
	deliverytext_string(out, mark_end);
	deliverytext_string(out, "\n");
	deliverytext_add(out, bytes + split->after, len - split->after);
	out->failed = out->failed || lines->failed;
}
