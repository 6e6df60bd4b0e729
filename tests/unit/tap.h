/*
 * The Test Anything Protocol, as much of it as unit tests need.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3))) static inline bool
ok(bool good, const char *format, ...)
{
	va_list arguments;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
	tap_failed += !good;
	return good;
}

static inline bool
is_int(long long got, long long want, const char *name)
{
	if (ok(got == want, "%s", name))
		return true;
	printf("#   got %lld, want %lld\n", got, want);
	return false;
}

static inline bool
is_str(const char *got, const char *want, const char *name)
{
	if (ok(strcmp(got, want) == 0, "%s", name))
		return true;
	printf("#   got  '%s'\n#   want '%s'\n", got, want);
	return false;
}

/* Prints the plan; main returns its value. */
static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

#endif
