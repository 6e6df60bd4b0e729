/*
 * The values of settings as an administrator writes them: numbers, durations, signs.
 */
#ifndef BASE_SETTINGSVALUE_H
#define BASE_SETTINGSVALUE_H

#include <stdbool.h>
#include <stdint.h>

#define MINUTE 60 /* seconds, and the next two */
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* What a value must be that is no more than a time-out. */
#define SETTINGSVALUE_TIMEOUT "must be a whole number and s or m, from 1s to 5m"

/* Decimal digits without a sign, within the limits. Returns whether it is that. */
bool settingsvalue_number(const char *text, uint32_t least, uint32_t most, uint32_t *number);

/* Seconds, as settings_duration (settings.h) has them, of 1s to 5m. Returns whether it is that. */
bool settingsvalue_timeout(const char *text, uint32_t *seconds);

/* Visible ASCII alone, and no blanks. */
bool settingsvalue_printable(const char *text);

#endif
