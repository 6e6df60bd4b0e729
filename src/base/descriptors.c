#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int
descriptors_nothing(void)
{
	int null = open("/dev/null", O_RDWR), ends[2];

	/* In a chroot without it, say: what nobody writes to is at its end, and takes nothing. */
	if (null != -1 || pipe(ends) == -1)
		return null;
	close(ends[1]);
	return ends[0];
}

int
descriptors_silence(int fd)
{
	int null = descriptors_nothing(), result;

	if (null == -1 || null == fd)
		return null == -1 ? -1 : 0;
	result = dup2(null, fd) == -1 ? -1 : 0;
	close(null);
	return result;
}

int
descriptors_plug(int fd)
{
	if (fcntl(fd, F_GETFD) != -1)
		return 0;
	return descriptors_silence(fd) == -1 ? -1 : 1;
}

bool
descriptors_stderr_is_protocol(void)
{
	struct stat error, other;

	if (fstat(STDERR_FILENO, &error) == -1 || !S_ISSOCK(error.st_mode))
		return false;
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
		if (fstat(fd, &other) == 0 && other.st_dev == error.st_dev &&
		    other.st_ino == error.st_ino)
			return true;
	return false;
}

bool
descriptors_is_writable_pipe(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return flags != -1 && (flags & O_ACCMODE) != O_RDONLY && fstat(fd, &st) == 0 &&
	    S_ISFIFO(st.st_mode);
}
