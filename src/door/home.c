#include "home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"

const char *
home_path(void)
{
	const char *home = getenv("RCPTCHECK_HOME");

	return home == NULL || home[0] == '\0' ? CONF_HOME : home;
}

const char *
home_database(void)
{
	static char path[PATH_MAX];
	struct stat st;

	if (lstat(HOME_DATABASE, &st) == 0 && S_ISLNK(st.st_mode) &&
	    realpath(HOME_DATABASE, path) != NULL)
		return path;
	return HOME_DATABASE;
}

int
home_lock(int wait_ms, void (*waiting)(void))
{
	int fd = open(HOME_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int64_t deadline = deadline_now() + wait_ms;
	bool told = false;

	if (fd == -1)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EINTR && (errno != EWOULDBLOCK || deadline_left(deadline) == 0))
			return -1;
		if (!told)
			waiting();
		told = true;
		poll(NULL, 0, 50);
	}
	return 0;
}
