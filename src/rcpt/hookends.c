#include "hookends.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/descriptors.h"

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

bool
hookends_is_pointed(enum hook_form form, int fd)
{
	switch (fd) {
	case STDIN_FILENO:
	case STDOUT_FILENO:
		return form != HOOK_BATCH || !is_open(fd);
	case STDERR_FILENO:
		return descriptors_stderr_is_protocol() || !is_open(fd);
	default:
		return fd == HOOK_REPLY_FD && !is_open(fd);
	}
}

int
hookends_settle(enum hook_form form, int *answer_fd)
{
	const bool answers = form == HOOK_SPP || form == HOOK_PRINT;
	bool point[HOOK_REPLY_FD + 1], keep;
	int null;

	for (int fd = 0; fd <= HOOK_REPLY_FD; fd++)
		point[fd] = hookends_is_pointed(form, fd);
	if (answers && descriptors_plug(STDOUT_FILENO) == -1)
		return -1;
	if (answers &&
	    (*answer_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, HOOK_REPLY_FD + 1)) == -1)
		return -1;
	null = descriptors_nothing();
	if (null == -1)
		return -1;
	for (int fd = 0; fd <= HOOK_REPLY_FD; fd++)
		if (point[fd] && fd != null && dup2(null, fd) == -1)
			return -1;
	keep = null <= HOOK_REPLY_FD && point[null];
	if (!keep)
		close(null);
	return point[STDERR_FILENO];
}
