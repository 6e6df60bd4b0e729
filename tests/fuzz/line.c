/*
 * Any bytes in a log line: it stays one line of printable text, and its pairs can be told
 * apart. The input is cut at its LFs; the first byte says how much is already in the line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

/* Steps over one pair as a reader of logs does; NULL when there is none. */
static const char *
skip_pair(const char *p)
{
	if (strncmp(p, "key=", 4) != 0)
		return NULL;
	p += 4;
	if (*p == '"') {
		for (p++; *p != '"'; p++) {
			if (*p == '\\')
				p++;
			if (*p == '\0')
				return NULL;
		}
		p++;
	} else {
		for (; *p != ' ' && *p != '\0'; p++)
			if (*p == '"' || *p == '=')
				return NULL;
	}
	return *p == '\0' ? p : *p == ' ' ? p + 1 : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char filler[LINE_SIZE + 64];
	static struct line line;
	const char *p, *bytes = (const char *)data + 1;
	size_t pairs = 0, start;

	if (size == 0)
		return 0;
	memset(&line, 0x5a, sizeof(line));
	line_start(&line);
	memset(filler, 'x', sizeof(filler));
	start = data[0] * sizeof(filler) / 256;
	filler[start] = '\0';
	line_add(&line, filler);
	for (size--; size > 0; pairs++) {
		const char *end = memchr(bytes, '\n', size);
		size_t len = end == NULL ? size : (size_t)(end - bytes);
		size_t used = len + (end != NULL);

		line_pair_bytes(&line, "key", bytes, len);
		check(line.len < LINE_SIZE && line.text[line.len] == '\0');
		bytes += used;
		size -= used;
	}
	check(strlen(line.text) == line.len);
	for (size_t i = 0; i < line.len; i++)
		check(line.text[i] >= ' ' && line.text[i] <= '~');
	if (line.full) {
		check(strcmp(line.text + line.len - 3, "...") == 0);
		return 0;
	}
	p = line.text + start;
	if (*p == ' ')
		p++;
	for (; pairs > 0; pairs--) {
		p = skip_pair(p);
		check(p != NULL);
	}
	check(*p == '\0');
	return 0;
}
