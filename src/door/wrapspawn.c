#include "wrapspawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_FD 4

static const char *const own[] = {
    "SENDER=", "RECIPIENT=", "HELO=", "USE_FD4=", "SMTPRCPTTO=", "SMTPMAILFROM="};

static int
is_own(const char *variable)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strncmp(variable, own[i], strlen(own[i])) == 0)
			return 1;
	return 0;
}

int
wrapspawn_copy_environment(struct wrapspawn_environment *environment)
{
	size_t size = 0;

	while (environ[size] != NULL)
		size++;
	environment->count = 0;
	environment->all = calloc(size + WRAPSPAWN_ADDED + 1, sizeof(*environment->all));
	if (environment->all == NULL)
		return -1;
	for (size_t i = 0; i < size; i++)
		if (!is_own(environ[i]))
			environment->all[environment->count++] = environ[i];
	return 0;
}

/* 0 or an error number, as posix_spawn(3) and its like have it. */
static int
plan_descriptors(posix_spawn_file_actions_t *actions, int in, int out, int reply)
{
	int error = out != -1
	    ? posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO)
	    : posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);

	if (error == 0)
		error = in != -1 ? posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO)
				 : posix_spawn_file_actions_addopen(
				       actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0 && reply != -1)
		error = posix_spawn_file_actions_adddup2(actions, reply, REPLY_FD);
	return error;
}

/* What we ignore or block is not the check's business. */
static int
plan_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, usual;
	int error;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGCHLD);
	error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &usual);
	if (error == 0)
		error = posix_spawnattr_setpgroup(attributes, 0);
	if (error == 0)
		error = posix_spawnattr_setflags(attributes,
		    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	return error;
}

pid_t
wrapspawn_start(const char *program, const char *argument,
    const struct wrapspawn_environment *environment, char *const *added, int in, int out,
    int reply)
{
	char *arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)argument, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t child = -1;
	size_t count = environment->count;
	int error;

	for (size_t i = 0; i < WRAPSPAWN_ADDED && added[i] != NULL; i++)
		environment->all[count++] = added[i];
	environment->all[count] = NULL;
	error = posix_spawn_file_actions_init(&actions);
	if (error != 0)
		goto failed;
	error = posix_spawnattr_init(&attributes);
	if (error != 0)
		goto free_actions;
	error = plan_descriptors(&actions, in, out, reply);
	if (error == 0)
		error = plan_signals(&attributes);
	if (error == 0)
		error = posix_spawn(
		    &child, program, &actions, &attributes, arguments, environment->all);
	posix_spawnattr_destroy(&attributes);
free_actions:
	posix_spawn_file_actions_destroy(&actions);
failed:
	environment->all[environment->count] = NULL;
	errno = error;
	return error == 0 ? child : -1;
}

void
wrapspawn_stop(pid_t child)
{
	(void)killpg(child, SIGKILL);
	while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
		;
}

int
wrapspawn_pipe(int ends[2], int ours)
{
	int flags;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	flags = fcntl(ends[ours], F_GETFL);
	if (flags != -1 && fcntl(ends[ours], F_SETFL, flags | O_NONBLOCK) != -1)
		return 0;
	close(ends[0]);
	close(ends[1]);
	return -1;
}
