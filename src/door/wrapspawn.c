#include "wrapspawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"

#define REPLY_FD 4

static const char *const own[] = {
    "SENDER=", "RECIPIENT=", "HELO=", "USE_FD4=", "SMTPRCPTTO=", "SMTPMAILFROM=", NULL};

/* What we ignore or block. */
static const int usual_signals[] = {SIGPIPE, SIGCHLD, 0};

int
wrapspawn_copy_environment(struct wrapspawn_environment *environment)
{
	environment->all = spawn_copy_environment(own, WRAPSPAWN_ADDED, &environment->count);
	return environment->all == NULL ? -1 : 0;
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

pid_t
wrapspawn_start(const char *program, const char *argument,
    const struct wrapspawn_environment *environment, char *const *added, int in, int out,
    int reply)
{
	char *arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)argument, NULL};
	posix_spawn_file_actions_t actions;
	pid_t child = -1;
	size_t count = environment->count;
	int error;

	for (size_t i = 0; i < WRAPSPAWN_ADDED && added[i] != NULL; i++)
		environment->all[count++] = added[i];
	environment->all[count] = NULL;
	error = posix_spawn_file_actions_init(&actions);
	if (error == 0) {
		error = plan_descriptors(&actions, in, out, reply);
		if (error == 0)
			error = spawn_start(
			    &child, arguments, environment->all, &actions, usual_signals);
		posix_spawn_file_actions_destroy(&actions);
	}
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
