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
	const char *given = getenv("RCPTCHECK_HOME");

	return given == NULL || given[0] == '\0' ? CONF_HOME : given;
}

#endif
