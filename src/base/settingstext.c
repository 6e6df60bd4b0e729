#include "settings.h"

#include <string.h>

#include "settingsbuild.h"
#include "settingstable.h"
#include "settingsvalue.h"

static const char name_signs[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:";

static const struct settings_row *
find(const char *name)
{
	for (size_t i = 0; i < SETTINGS_ROWS; i++)
		if (strcmp(settings_table[i].name, name) == 0)
			return &settings_table[i];
	return NULL;
}

bool
settings_known(const char *name)
{
	return find(name) != NULL || settingsbuild_known(name);
}

bool
settings_global(const char *name)
{
	const struct settings_row *row = find(name);

	return row != NULL ? row->global : settingsbuild_known(name);
}

/*
 * Sender and control addresses go onto the wire as they are: dot-strings only (RFC 5321
 * 4.1.2).
 */
static bool
plain_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at != text && at - text <= 64 && at[1] != '\0' && at[1] != '.' &&
	    strpbrk(text, "<>()[]\\,;:\"") == NULL && strchr(at + 1, '@') == NULL &&
	    settingsvalue_printable(text);
}

static bool
user_names(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~' || strchr(",:/", *text) != NULL)
			return false;
	return true;
}

static const char *
set_text(struct settings *settings, const struct settings_row *row, const char *value,
    bool good, const char *why)
{
	if (!good || strlen(value) >= settings_size(row))
		return why;
	strcpy(settings_text(settings, row), value);
	return NULL;
}

const char *
settings_set(struct settings *settings, const char *name, const char *value)
{
	const struct settings_row *row = find(name);
	uint32_t number = 0;

	if (row == NULL)
		return settingsbuild_check(name, value);
	switch (row->kind) {
	case CHOICE:
		while (row->choices[number] != NULL && strcmp(row->choices[number], value) != 0)
			number++;
		if (row->choices[number] == NULL)
			return row->why;
		break;
	case DURATION:
		if (settings_duration(value, &number) == -1)
			return "must be a whole number and s, m, h or d, at most 3650d";
		break;
	case TIMEOUT:
		if (!settingsvalue_timeout(value, &number))
			return SETTINGSVALUE_TIMEOUT;
		break;
	case ROWS:
		if (!settingsvalue_number(value, 1, 1000000000, &number))
			return "must be a number of rows from 1 to 1000000000";
		break;
	case COUNT:
		if (!settingsvalue_number(value, 1, 100, &number))
			return "must be a number from 1 to 100";
		break;
	case LIMIT:
		if (!settingsvalue_number(value, 0, 1000000, &number))
			return "must be a number from 0 to 1000000";
		break;
	case NAME:
		if (strcmp(value, "none") == 0)
			value = "";
		return set_text(settings, row, value,
		    strspn(value, name_signs) == strlen(value),
		    "must be none, a host name or an IP address");
	case USERS:
		if (strcmp(value, "none") == 0)
			value = "";
		return set_text(settings, row, value, user_names(value),
		    "must be none or names of users, with blanks between");
	case HOST:
		return set_text(settings, row, value,
		    value[0] != '\0' && settingsvalue_printable(value) &&
			strpbrk(value, "<>()\\,;\"@") == NULL,
		    "must be a host name or an address literal");
	case ADDRESS:
		if (strcmp(value, "none") == 0)
			value = "";
		return set_text(settings, row, value, value[0] == '\0' || plain_address(value),
		    "must be none or a mail address");
	case CONTROL:
		return set_text(settings, row, value,
		    strcmp(value, "auto") == 0 || strcmp(value, "none") == 0 ||
			plain_address(value),
		    "must be auto, none or a mail address");
	case DELIMITER:
		if (strcmp(value, "none") == 0)
			value = "";
		return set_text(settings, row, value,
		    strspn(value, "!#$%&'*+-/=?^_`{|}~.") == strlen(value) &&
			strlen(value) <= 1,
		    "must be none or one sign such as - or +");
	}
	*settings_number(settings, row) = number;
	return NULL;
}
