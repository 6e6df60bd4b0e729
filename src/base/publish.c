#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int
temporary_name(char name[PATH_MAX], const char *path)
{
	if (snprintf(name, PATH_MAX, "%s.tmp", path) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

void
publish_tidy(const char *path)
{
	char name[PATH_MAX];

	if (temporary_name(name, path) == 0)
		(void)unlink(name);
}

int
publish_start(const char *path, mode_t mode)
{
	char name[PATH_MAX];
	int fd;

	publish_tidy(path);
	if (temporary_name(name, path) == -1)
		return -1;
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1 && fchmod(fd, mode) == -1) {
		publish_abandon(fd, path);
		return -1;
	}
	return fd;
}

int
publish_finish(int fd, const char *path, int folder)
{
	char name[PATH_MAX];

	/* close(2) is where some file systems admit that they did not write (NFS, quotas). */
	if (close(fd) == -1 || temporary_name(name, path) == -1 || rename(name, path) == -1) {
		publish_abandon(-1, path);
		return -1;
	}
	return fsync(folder);
}

void
publish_abandon(int fd, const char *path)
{
	int error = errno;

	if (fd != -1)
		close(fd);
	publish_tidy(path);
	errno = error;
}

int
publish_bytes(const char *path, mode_t mode, int folder, const void *bytes, size_t len)
{
	int fd = publish_start(path, mode);
	ssize_t written;

	if (fd == -1)
		return -1;
	written = write(fd, bytes, len);
	if (written == (ssize_t)len && fsync(fd) == 0)
		return publish_finish(fd, path, folder);
	if (written >= 0 && written < (ssize_t)len)
		errno = ENOSPC;
	publish_abandon(fd, path);
	return -1;
}
