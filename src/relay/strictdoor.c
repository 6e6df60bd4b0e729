#include "strictdoor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define HIGH 1000 /* the highest number that is tried */

static int
make_path(char path[PATH_MAX], const char *home, const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/%s", home, name) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int
make_folder(const char *home, const char *name, mode_t mode)
{
	char path[PATH_MAX];

	if (make_path(path, home, name) == -1)
		return -1;
	if (mkdir(path, mode) == -1 && errno != EEXIST)
		return -1;
	return chmod(path, mode);
}

int
strictdoor_make(const char *home)
{
	if (make_folder(home, STRICTDOOR_OUTER, 0700) == -1)
		return -1;
	return make_folder(home, STRICTDOOR_FOLDER, 0755);
}

/* The same descriptor with the highest number that is free, and open for the next program. */
static int
move_up(int fd)
{
	struct rlimit files;
	int highest = HIGH;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur <= HIGH)
		highest = (int)files.rlim_cur - 1;
	for (int high = highest; high > fd; high--)
		if (fcntl(high, F_GETFD) == -1 && fcntl(fd, F_DUPFD, high) == high)
			return high;
	errno = EMFILE;
	return -1;
}

int
strictdoor_open(const char *home)
{
	char path[PATH_MAX], number[16];
	int fd, high, saved;

	if (make_path(path, home, STRICTDOOR_FOLDER) == -1)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	high = move_up(fd);
	saved = errno;
	close(fd);
	errno = saved;
	if (high == -1)
		return -1;
	snprintf(number, sizeof(number), "%d", high);
	return setenv(STRICTDOOR_VARIABLE, number, 1);
}

int
strictdoor_take(void)
{
	const char *number = getenv(STRICTDOOR_VARIABLE);
	struct stat st;
	char *end;
	long fd;

	if (number == NULL)
		return -1;
	fd = strtol(number, &end, 10);
	if (end == number || *end != '\0' || fd < 3 || fd > INT_MAX)
		fd = -1;
	unsetenv(STRICTDOOR_VARIABLE);
	if (fd == -1 || fstat((int)fd, &st) == -1 || !S_ISDIR(st.st_mode) ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	return (int)fd;
}
