/*
 * Any bytes as a file of patterns: they are read or complained about, and the patterns that come
 * of them can be asked.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
trouble(const char *file, unsigned line, const char *reason)
{
	if (file == NULL || reason == NULL || reason[0] == '\0' || line > 100000)
		abort();
}

static void
read_it(struct patterns *patterns, const char *name, const uint8_t *data, size_t size)
{
	FILE *in = fmemopen((void *)(uintptr_t)data, size, "r");

	if (in == NULL)
		return;
	(void)patterns_read_stream(patterns, in, name, trouble);
	fclose(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patterns *patterns = patterns_new();
	struct patterns_sample sample;
	struct match match;
	struct match_terms terms = {.patterns = patterns, .tag = "imapd", .loopback = true};

	if (size == 0 || size > 20000) {
		patterns_free(patterns);
		return 0;
	}
	read_it(patterns, "a", data, size);
	read_it(patterns, "b", data, size / 2); /* takes the place of some */
	patterns_choose_everything(patterns);
	for (size_t i = 0; i < 50 && patterns_sample(patterns, i, &sample); i++)
		(void)match_line(&match, &terms, sample.text, strlen(sample.text), false);
	(void)patterns_choose(patterns, "all,-courier,dovecot=x,nonsense");
	patterns_free(patterns);
	return 0;
}
