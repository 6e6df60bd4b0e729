/*
 * Where everything is.
 */
#ifndef BASE_HOMEFOLDER_H
#define BASE_HOMEFOLDER_H

#include <stdlib.h>

/* RCPTCHECK_HOME, or what was compiled in. */
static inline const char *
homefolder(void)
{
	const char *home = getenv("RCPTCHECK_HOME");

	return home == NULL || home[0] == '\0' ? CONF_HOME : home;
}

#endif
