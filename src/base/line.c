#include "line.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX 400

static const char cut_mark[] = "...";

void
line_start(struct line *line)
{
	line->len = 0;
	line->full = false;
	line->text[0] = '\0';
}

static void
append(struct line *line, const char *text, size_t len)
{
	if (line->full)
		return;
	if (len >= LINE_SIZE - sizeof(cut_mark) - line->len) {
		text = cut_mark;
		len = sizeof(cut_mark) - 1;
		line->full = true;
	}
	memcpy(line->text + line->len, text, len);
	line->len += len;
	line->text[line->len] = '\0';
}

void
line_add(struct line *line, const char *text)
{
	append(line, text, strlen(text));
}

void
line_add_number(struct line *line, int64_t number)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)number);

	append(line, digits, (size_t)len);
}

void
line_add_foreign(struct line *line, const char *bytes, size_t len, size_t max)
{
	static const char hex[] = "0123456789abcdef";
	bool cut = len > max;

	for (size_t i = 0; i < (cut ? max : len); i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c < ' ' || c > '~' || c == '\\') {
			char escape[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

			append(line, escape, sizeof(escape));
		} else {
			append(line, bytes + i, 1);
		}
	}
	if (cut)
		append(line, cut_mark, sizeof(cut_mark) - 1);
}

static void
add_key(struct line *line, const char *key)
{
	if (line->len > 0)
		append(line, " ", 1);
	line_add(line, key);
	append(line, "=", 1);
}

void
line_pair_bytes(struct line *line, const char *key, const char *value, size_t len)
{
	bool quote = len == 0;

	for (size_t i = 0; i < len && !quote; i++)
		quote = value[i] == ' ' || value[i] == '"' || value[i] == '=';
	add_key(line, key);
	if (!quote) {
		line_add_foreign(line, value, len, VALUE_MAX);
		return;
	}
	append(line, "\"", 1);
	for (size_t i = 0; i < len && i < VALUE_MAX; i++) {
		if (value[i] == '"')
			append(line, "\\\"", 2);
		else
			line_add_foreign(line, value + i, 1, 1);
	}
	if (len > VALUE_MAX)
		append(line, cut_mark, sizeof(cut_mark) - 1);
	append(line, "\"", 1);
}

void
line_pair(struct line *line, const char *key, const char *value)
{
	line_pair_bytes(line, key, value, strlen(value));
}

void
line_pair_number(struct line *line, const char *key, int64_t number)
{
	add_key(line, key);
	line_add_number(line, number);
}

int
line_write(const struct line *line, int fd)
{
	char text[LINE_SIZE + 1];

	memcpy(text, line->text, line->len);
	text[line->len] = '\n';
	return write(fd, text, line->len + 1) == (ssize_t)line->len + 1 ? 0 : -1;
}
