#include "cachekeep.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "cachefile.h"

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
	umask(007);
	confined = confine_to(folder);
	if (confined != -1)
		result = cachefile_maintain(confined ? name : path, thorough, &what);
	dprintf(out, "%d%s", result + 1, what);
	_exit(0);
}

static int
maintain_in_child(const char *path, bool thorough, const char **what)
{
	static char answer[256];
	int ends[2], status, result = -1;
	ssize_t len = 0, n;
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
		while (len < (ssize_t)sizeof(answer) - 1 &&
		    (n = read(ends[0], answer + len, sizeof(answer) - 1 - (size_t)len)) > 0)
			len += n;
		waitpid(child, &status, 0);
		*what = "the process that looked after it died";
	}
	close(ends[0]);
	answer[len] = '\0';
	if (len > 0 && answer[0] >= '0' && answer[0] <= '2') {
		result = answer[0] - '1';
		*what = answer + 1;
	}
	return result;
}

int
cachekeep_maintain(const char *path, bool thorough, const char **what)
{
	if (geteuid() == 0 && strchr(path, '/') != NULL)
		return maintain_in_child(path, thorough, what);
	return cachefile_maintain(path, thorough, what);
}
