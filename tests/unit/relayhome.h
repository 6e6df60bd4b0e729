/* A home with the folder relay, for one test. */
#ifndef RELAYHOME_H
#define RELAYHOME_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char home[] = "/tmp/relayhome.XXXXXX";

static bool
open_home(void)
{
	char path[64];

	if (mkdtemp(home) == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/relay", home);
	return mkdir(path, 0700) == 0;
}

static void
remove_home(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", home);
	if (system(command) != 0)
		printf("# %s stays\n", home);
}

#endif
