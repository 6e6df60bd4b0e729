#include "settings.h"

#include <stddef.h>
#include <string.h>

#include "settingstable.h"
#include "settingsvalue.h"

#define END_MARK 0xff

static const char *const modes[] = {"enforce", "warn", "off", NULL};
static const char *const actions[] = {"accept", "tempfail", NULL};
static const char *const tls_levels[] = {"may", "off", "require", NULL};
static const char *const log_levels[] = {"trouble", "reject", "all", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};

#define AT(member) offsetof(struct settings, member)

const struct settings_row settings_table[] = {
    {"mode", AT(mode), CHOICE, false, MODE_ENFORCE, NULL, modes,
	"must be enforce, warn or off"},
    {"on_unreachable", AT(on_unreachable), CHOICE, false, ACTION_ACCEPT, NULL, actions,
	"must be accept or tempfail"},
    {"on_policy", AT(on_policy), CHOICE, false, ACTION_ACCEPT, NULL, actions,
	"must be accept or tempfail"},
    {"on_busy", AT(on_busy), CHOICE, false, ACTION_ACCEPT, NULL, actions,
	"must be accept or tempfail"},
    {"tls", AT(tls), CHOICE, false, TLS_MAY, NULL, tls_levels, "must be may, off or require"},
    {"log", AT(log), CHOICE, true, LOG_LEVEL_REJECT, NULL, log_levels,
	"must be trouble, reject or all"},
    {"fold_case", AT(fold_case), CHOICE, false, 0, NULL, no_yes, "must be yes or no"},
    {"local_then_callout", AT(local_then_callout), CHOICE, false, 1, NULL, no_yes,
	"must be yes or no"},
    {"positive_expire", AT(positive_expire), DURATION, false, 7 * DAY, NULL, NULL, NULL},
    {"negative_expire", AT(negative_expire), DURATION, false, DAY, NULL, NULL, NULL},
    {"refused_expire", AT(refused_expire), DURATION, false, HOUR, NULL, NULL, NULL},
    {"negative_recheck", AT(negative_recheck), DURATION, false, HOUR, NULL, NULL, NULL},
    {"budget", AT(budget), TIMEOUT, true, 25, NULL, NULL, NULL},
    {"connect_timeout", AT(connect_timeout), TIMEOUT, false, 5, NULL, NULL, NULL},
    {"command_timeout", AT(command_timeout), TIMEOUT, false, 20, NULL, NULL, NULL},
    {"resolve_every", AT(resolve_every), DURATION, true, 5 * MINUTE, NULL, NULL, NULL},
    {"relay_expire", AT(relay_expire), DURATION, true, 30 * MINUTE, NULL, NULL, NULL},
    {"cache_limit", AT(cache_limit), ROWS, true, 1000000, NULL, NULL, NULL},
    {"helo", AT(helo), HOST, true, 0, "", NULL, NULL},
    {"confirm_sender", AT(confirm_sender), ADDRESS, false, 0, "", NULL, NULL},
    {"control_recipient", AT(control_recipient), CONTROL, false, 0, "auto", NULL, NULL},
    {"delimiter", AT(delimiter), DELIMITER, false, 0, "", NULL, NULL},
    {"tls_name", AT(tls_name), NAME, false, 0, "", NULL, NULL},
    {"probe_connections", AT(probe_connections), COUNT, true, 4, NULL, NULL, NULL},
    {"probe_users", AT(probe_users), USERS, true, 0, "", NULL, NULL},
    {"refused_limit", AT(refused_limit), LIMIT, true, 20, NULL, NULL, NULL},
};

_Static_assert(sizeof(settings_table) / sizeof(settings_table[0]) == SETTINGS_ROWS, "rows");

void
settings_default(struct settings *settings)
{
	for (size_t i = 0; i < SETTINGS_ROWS; i++) {
		const struct settings_row *row = &settings_table[i];

		if (settings_size(row) > 0)
			strcpy(settings_text(settings, row), row->text);
		else
			*settings_number(settings, row) = row->number;
	}
}

static bool
is_choice(const struct settings_row *row, uint32_t number)
{
	for (uint32_t i = 0; row->choices[i] != NULL; i++)
		if (i == number)
			return true;
	return false;
}

size_t
settings_make(unsigned char *out, size_t size, const struct settings *settings)
{
	/* Only read through: the accessors serve both directions. */
	struct settings *from = (struct settings *)(uintptr_t)settings;
	size_t len = 0;

	for (size_t i = 0; i < SETTINGS_ROWS; i++) {
		const struct settings_row *row = &settings_table[i];

		if (settings_size(row) > 0) {
			const char *text = settings_text(from, row);
			size_t text_len = strlen(text);

			if (strcmp(text, row->text) == 0)
				continue;
			if (text_len > 255 || size - len < text_len + 3)
				return 0;
			out[len++] = (unsigned char)i;
			out[len++] = (unsigned char)text_len;
			memcpy(out + len, text, text_len);
			len += text_len;
		} else {
			uint32_t number = *settings_number(from, row);

			if (number == row->number)
				continue;
			if (size - len < 6)
				return 0;
			out[len++] = (unsigned char)i;
			for (int shift = 0; shift < 32; shift += 8)
				out[len++] = (unsigned char)(number >> shift);
		}
	}
	if (len == size)
		return 0;
	out[len++] = END_MARK;
	return len;
}

size_t
settings_parse(struct settings *settings, const unsigned char *bytes, size_t len)
{
	size_t used = 0;

	settings_default(settings);
	while (used < len) {
		const struct settings_row *row;
		unsigned char number = bytes[used++];

		if (number == END_MARK)
			return used;
		if (number >= SETTINGS_ROWS)
			return 0;
		row = &settings_table[number];
		if (settings_size(row) > 0) {
			size_t text_len;

			if (used == len)
				return 0;
			text_len = bytes[used++];
			if (text_len >= settings_size(row) || text_len > len - used ||
			    memchr(bytes + used, '\0', text_len) != NULL)
				return 0;
			memcpy(settings_text(settings, row), bytes + used, text_len);
			settings_text(settings, row)[text_len] = '\0';
			used += text_len;
		} else {
			if (len - used < 4)
				return 0;
			*settings_number(settings, row) = 0;
			for (int shift = 0; shift < 32; shift += 8)
				*settings_number(settings, row) |= (uint32_t)bytes[used++]
				    << shift;
			if (row->kind == CHOICE &&
			    !is_choice(row, *settings_number(settings, row)))
				return 0;
		}
	}
	return 0;
}
