#include "checkpw.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"

#define PASSWORD_FD 3

/* What we tell of the client; what is there already is of nginx, who asks us. */
static const char *const replaced[] = {"PROTO=", "TCPREMOTEIP=", "TCPREMOTEPORT=",
    "TCPREMOTEHOST=", "TCPREMOTEINFO=", "TCPLOCALIP=", "TCPLOCALPORT=", "TCPLOCALHOST=", NULL};

#define ADDED 2

/* What we ignore or catch. */
static const int usual_signals[] = {SIGPIPE, SIGCHLD, SIGXFSZ, SIGHUP, 0};

int
checkpw_setup(struct checkpw *checkpw, char **arguments, int count)
{
	static char true_path[] = "/bin/true";
	size_t i;

	checkpw->arguments = calloc((size_t)count + 2, sizeof(*checkpw->arguments));
	checkpw->environment = spawn_copy_environment(replaced, ADDED, &checkpw->variables);
	if (checkpw->arguments == NULL || checkpw->environment == NULL)
		return -1;
	for (i = 0; i < (size_t)count; i++)
		checkpw->arguments[i] = arguments[i];
	if (count == 1)
		checkpw->arguments[i] = true_path;
	return 0;
}

/* user NUL password NUL timestamp NUL; returns the length, 0 when it does not fit. */
static size_t
message(char bytes[CHECKPW_BYTES], const char *user, const char *password)
{
	size_t user_len = strlen(user) + 1, password_len = strlen(password) + 1;

	if (user_len + password_len + 1 > CHECKPW_BYTES)
		return 0;
	memcpy(bytes, user, user_len);
	memcpy(bytes + user_len, password, password_len);
	bytes[user_len + password_len] = '\0';
	return user_len + password_len + 1;
}

/* 0 or an error number, as posix_spawn(3) and its like have it. */
static int
plan_descriptors(posix_spawn_file_actions_t *actions, int passwords)
{
	int error = posix_spawn_file_actions_adddup2(actions, passwords, PASSWORD_FD);

	if (error == 0)
		error = posix_spawn_file_actions_addopen(
		    actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_addopen(
		    actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	return error;
}

/* Returns 0 or an error number. */
static int
start(struct checkpw *checkpw, int passwords, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	error = plan_descriptors(&actions, passwords);
	if (error == 0)
		error = spawn_start(
		    child, checkpw->arguments, checkpw->environment, &actions, usual_signals);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

pid_t
checkpw_start(
    struct checkpw *checkpw, const char *user, const char *password, const char *client)
{
	static char protocol[] = "PROTO=TCP";
	char bytes[CHECKPW_BYTES], remote[80];
	size_t len = message(bytes, user, password), count = checkpw->variables;
	int ends[2], error;
	pid_t child = -1;

	if (len == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	if (client[0] != '\0') {
		snprintf(remote, sizeof(remote), "TCPREMOTEIP=%s", client);
		checkpw->environment[count++] = protocol;
		checkpw->environment[count++] = remote;
	}
	checkpw->environment[count] = NULL;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	/* Before it runs: a pipe takes so little without waiting, and nobody can be gone. */
	error =
	    write(ends[1], bytes, len) == (ssize_t)len ? start(checkpw, ends[0], &child) : EIO;
	close(ends[0]);
	close(ends[1]);
	explicit_bzero(bytes, sizeof(bytes));
	checkpw->environment[checkpw->variables] = NULL;
	errno = error;
	return error == 0 ? child : -1;
}

enum checkpw_result
checkpw_result(int status)
{
	if (!WIFEXITED(status))
		return CHECKPW_TEMPORARY;
	switch (WEXITSTATUS(status)) {
	case 0:
		return CHECKPW_RIGHT;
	case 1:
		return CHECKPW_WRONG;
	default:
		return CHECKPW_TEMPORARY;
	}
}

int
checkpw_stop(pid_t child)
{
	(void)killpg(child, SIGKILL);
	/* It may have left its group, or not be what could be ended there. */
	return kill(child, SIGKILL);
}
