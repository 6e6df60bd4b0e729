#include "spawn.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
begins_with_one(const char *variable, const char *const *without)
{
	for (; *without != NULL; without++)
		if (strncmp(variable, *without, strlen(*without)) == 0)
			return true;
	return false;
}

char **
spawn_copy_environment(const char *const *without, size_t added, size_t *count)
{
	size_t size = 0;
	char **copy;

	while (environ[size] != NULL)
		size++;
	*count = 0;
	if ((copy = calloc(size + added + 1, sizeof(*copy))) == NULL)
		return NULL;
	for (size_t i = 0; i < size; i++)
		if (!begins_with_one(environ[i], without))
			copy[(*count)++] = environ[i];
	return copy;
}

static int
plan_signals(posix_spawnattr_t *attributes, const int *usual)
{
	sigset_t none, defaults;
	int error;

	sigemptyset(&none);
	sigemptyset(&defaults);
	for (; *usual != 0; usual++)
		sigaddset(&defaults, *usual);
	error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &defaults);
	if (error == 0)
		error = posix_spawnattr_setpgroup(attributes, 0);
	if (error == 0)
		error = posix_spawnattr_setflags(attributes,
		    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	return error;
}

int
spawn_start(pid_t *child, char *const *arguments, char *const *environment,
    const posix_spawn_file_actions_t *actions, const int *usual)
{
	posix_spawnattr_t attributes;
	int error = posix_spawnattr_init(&attributes);

	if (error != 0)
		return error;
	error = plan_signals(&attributes, usual);
	if (error == 0)
		error = posix_spawn(
		    child, arguments[0], actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	return error;
}
