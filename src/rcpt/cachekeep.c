#include "cachekeep.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/deadline.h"
#include "cachefile.h"

/*
 * The hook's user can make a file of which SQLite finds no end. So the work has a process of its
 * own, and so much time; less than a minute, for cron starts the next rcptbuild then.
 */
#define WORK_MS   45000
#define FILES_MAX 256 /* descriptors that rcptbuild may have open */

/* The life of the child: result and reason go into the pipe, as a digit and a text. */
static _Noreturn void
maintain_confined(const char *path, bool thorough, int out)
{
	char folder[PATH_MAX], name[PATH_MAX + 1] = "/";
	const char *what = "root cannot lay its rights down to look after it";
	int confined, result = -1;

	snprintf(folder, sizeof(folder), "%s", path);
	snprintf(name + 1, sizeof(name) - 1, "%s", strrchr(path, '/') + 1);
	*strrchr(folder, '/') = '\0';
	/* Not the locks, which would outlive the parent, nor a way out of the folder. */
	for (int fd = STDERR_FILENO + 1; fd < FILES_MAX; fd++)
		if (fd != out)
			close(fd);
	umask(007);
	confined = confine_to(folder);
	if (confined != -1)
		result = cachefile_maintain(confined ? name : path, thorough, &what);
	dprintf(out, "%d%s", result + 1, what);
	_exit(0);
}

/* Reads until the other end is closed. Returns the length, or -1 when that takes too long. */
static ssize_t
read_answer(int fd, char *answer, size_t size)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	int64_t until = deadline_now() + WORK_MS;
	size_t len = 0;

	while (len < size) {
		ssize_t n;

		if (poll(&pollfd, 1, deadline_left(until)) == 0)
			return -1;
		n = read(fd, answer + len, size - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int
cachekeep_maintain(const char *path, bool thorough, const char **what)
{
	static char answer[256];
	int ends[2], status, result = -1;
	ssize_t len = 0;
	pid_t child;

	*what = "no process could be started to look after it";
	if (pipe(ends) == -1)
		return -1;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		maintain_confined(path, thorough, ends[1]);
	}
	close(ends[1]);
	if (child != -1) {
		len = read_answer(ends[0], answer, sizeof(answer) - 1);
		*what = "the process that looked after it died";
		if (len == -1) {
			kill(child, SIGKILL);
			*what = "to look after it took too long: remove it while no check runs";
			len = 0;
		}
		waitpid(child, &status, 0);
	}
	close(ends[0]);
	answer[len] = '\0';
	if (len > 0 && answer[0] >= '0' && answer[0] <= '2') {
		result = answer[0] - '1';
		*what = answer + 1;
	}
	return result;
}
