#include "nextprogram.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/auxv.h>
#endif

/* What the kernel was asked to run: argv[0] may say anything. */
static const char *
own_path(const char *argv0)
{
#ifdef AT_EXECFN
	unsigned long address = getauxval(AT_EXECFN);
	const char *path;

	memcpy(&path, &address, sizeof(path));
	/* "/dev/fd/3/..." and the like are of fexecve, and say nothing. */
	if (path != NULL && path[0] != '\0' && strncmp(path, "/dev/fd/", 8) != 0)
		return path;
#endif
	return argv0 == NULL ? "" : argv0;
}

const char *
nextprogram_own_name(const char *argv0)
{
	const char *path = own_path(argv0), *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

void
nextprogram_beside(char path[PATH_MAX], const char *argv0)
{
	if (snprintf(path, PATH_MAX, "%s" NEXTPROGRAM_REAL, own_path(argv0)) >= PATH_MAX)
		path[0] = '\0'; /* which is no program */
}
