#include "settingsvalue.h"

#include <stddef.h>

#include "settings.h"

/* Decimal digits without a sign; returns what follows them, or NULL. */
static const char *
scan_number(const char *text, uint64_t *number)
{
	const char *p = text;

	for (*number = 0; *p >= '0' && *p <= '9' && p - text < 10; p++)
		*number = *number * 10 + (uint64_t)(*p - '0');
	return p == text ? NULL : p;
}

bool
settingsvalue_number(const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
	uint64_t value;
	const char *end = scan_number(text, &value);

	if (end == NULL || *end != '\0' || value < least || value > most)
		return false;
	*number = (uint32_t)value;
	return true;
}

int
settings_duration(const char *text, uint32_t *seconds)
{
	uint64_t number;
	const char *unit = scan_number(text, &number);

	if (unit == NULL || unit[0] == '\0' || unit[1] != '\0')
		return -1;
	switch (unit[0]) {
	case 's':
		break;
	case 'm':
		number *= MINUTE;
		break;
	case 'h':
		number *= HOUR;
		break;
	case 'd':
		number *= DAY;
		break;
	default:
		return -1;
	}
	if (number > 3650u * DAY)
		return -1;
	*seconds = (uint32_t)number;
	return 0;
}

bool
settingsvalue_timeout(const char *text, uint32_t *seconds)
{
	return settings_duration(text, seconds) == 0 && *seconds >= 1 && *seconds <= 5 * MINUTE;
}

bool
settingsvalue_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}
