#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int
descriptors_silence(int fd)
{
	int null = open("/dev/null", O_RDWR), result;

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
descriptors_is_writable_pipe(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return flags != -1 && (flags & O_ACCMODE) != O_RDONLY && fstat(fd, &st) == 0 &&
	    S_ISFIFO(st.st_mode);
}
