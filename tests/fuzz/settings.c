/*
 * Any text as a setting, and any bytes as stored settings. The first byte chooses: the number
 * of a setting, whose value follows, or the bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"mode", "on_unreachable", "on_policy", "on_busy", "tls",
    "log", "fold_case", "local_then_callout", "positive_expire", "negative_expire",
    "refused_expire", "negative_recheck", "budget", "connect_timeout", "command_timeout",
    "resolve_every", "relay_expire", "cache_limit", "helo", "confirm_sender",
    "control_recipient", "delimiter", "no_such_name"};

#define NAMES (sizeof(names) / sizeof(names[0]))

static void
check(bool good)
{
	if (!good)
		abort();
}

/* Text without blanks and control bytes, and without these. */
static void
check_text(const char *text, const char *without)
{
	for (; *text != '\0'; text++)
		check(*text > ' ' && *text <= '~' && strchr(without, *text) == NULL);
}

/* What is made is parsed, and made again it is the same. */
static void
check_pair(const struct settings *settings)
{
	unsigned char bytes[2048], again[2048];
	struct settings back;
	size_t len = settings_make(bytes, sizeof(bytes), settings);

	check(len > 0 && settings_parse(&back, bytes, len) == len);
	check(settings_make(again, sizeof(again), &back) == len &&
	    memcmp(bytes, again, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings settings, before;

	if (size == 0)
		return 0;
	if (data[0] < NAMES) {
		const char *name = names[data[0]], *why;
		char *value = strndup((const char *)data + 1, size - 1);

		check(value != NULL);
		memset(&settings, 0, sizeof(settings));
		settings_default(&settings);
		before = settings;
		why = settings_set(&settings, name, value);
		check(why == NULL ||
		    (why[0] != '\0' && memcmp(&settings, &before, sizeof(settings)) == 0));
		check_text(settings.helo, "<>");
		check_text(settings.confirm_sender, "<>");
		check_text(settings.control_recipient, "<>");
		check_text(settings.delimiter, "@\"\\");
		check(settings.budget >= 1 && settings.budget <= 300 &&
		    settings.connect_timeout >= 1 && settings.command_timeout >= 1 &&
		    settings.cache_limit >= 1);
		check_pair(&settings);
		free(value);
	} else {
		size_t used = settings_parse(&settings, data + 1, size - 1);

		check(used < size);
		if (used > 0)
			check_pair(&settings);
	}
	return 0;
}
