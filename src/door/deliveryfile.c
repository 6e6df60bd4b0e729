#include "deliveryfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE_LIMIT (1L << 31)

/* Beside it, hidden, and nobody else's: postmap and people have names of their own. */
static bool
temporary_name(char name[PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');

	return snprintf(name, PATH_MAX, "%.*s/.%s.rcptbuild", (int)(slash - path), path,
		   slash + 1) < PATH_MAX;
}

const char *
deliveryfile_read(struct deliveryfile *file, const char *path)
{
	const char *why = NULL;
	int fd;

	memset(file, 0, sizeof(*file));
	file->path = path;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ELOOP)
			return "is a symbolic link: name the file itself";
		return errno == ENOENT ? NULL : strerror(errno);
	}
	file->there = true;
	if (fstat(fd, &file->st) == -1)
		why = strerror(errno);
	else if (!S_ISREG(file->st.st_mode))
		why = "is no file";
	else if (file->st.st_size >= SIZE_LIMIT)
		why = "is too large";
	else if ((file->bytes = malloc((size_t)file->st.st_size + 1)) == NULL)
		why = strerror(errno);
	while (why == NULL && file->len < (size_t)file->st.st_size) {
		ssize_t n =
		    read(fd, file->bytes + file->len, (size_t)file->st.st_size - file->len);

		if (n == -1 && errno != EINTR)
			why = strerror(errno);
		if (n == 0)
			why = "is being changed";
		if (n > 0)
			file->len += (size_t)n;
	}
	close(fd);
	if (why != NULL)
		deliveryfile_free(file);
	return why;
}

void
deliveryfile_free(struct deliveryfile *file)
{
	free(file->bytes);
	file->bytes = NULL;
	file->len = 0;
}

const char *
deliveryfile_start(const struct deliveryfile *file, int *fd)
{
	char name[PATH_MAX];

	*fd = -1;
	if (!temporary_name(name, file->path))
		return strerror(ENAMETOOLONG);
	/* rcptbuild has its lock: one that is there was left by a run that was killed. */
	(void)unlink(name);
	*fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd == -1)
		return strerror(errno);
	if (file->there && (file->st.st_uid != geteuid() || file->st.st_gid != getegid()) &&
	    fchown(*fd, file->st.st_uid, file->st.st_gid) == -1) {
		deliveryfile_abandon(file, *fd);
		*fd = -1;
		return "belongs to another user, whom a new one can't be given";
	}
	if (fchmod(*fd, file->there ? file->st.st_mode & 07777 : 0644) == -1) {
		deliveryfile_abandon(file, *fd);
		*fd = -1;
		return strerror(errno);
	}
	return NULL;
}

const char *
deliveryfile_write(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n == -1 && errno != EINTR)
			return strerror(errno);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return NULL;
}

/* Is it as it was when it was read? */
static bool
is_same(const struct deliveryfile *file)
{
	struct stat now;

	if (lstat(file->path, &now) == -1)
		return errno == ENOENT && !file->there;
	return file->there && now.st_ino == file->st.st_ino && now.st_dev == file->st.st_dev &&
	    now.st_size == file->st.st_size && now.st_mtim.tv_sec == file->st.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == file->st.st_mtim.tv_nsec;
}

static const char *
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	int fd;

	if (snprintf(folder, sizeof(folder), "%.*s/", (int)(strrchr(path, '/') - path), path) >=
	    (int)sizeof(folder))
		return strerror(ENAMETOOLONG);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1) {
		if (fd != -1)
			close(fd);
		return strerror(errno);
	}
	close(fd);
	return NULL;
}

/* Unless somebody has changed the old one since it was read. */
static const char *
put_in_place(const struct deliveryfile *file, int fd)
{
	char name[PATH_MAX];
	const char *why = NULL;

	if (fsync(fd) == -1)
		why = strerror(errno);
	if (close(fd) == -1 && why == NULL)
		why = strerror(errno);
	if (!temporary_name(name, file->path))
		return strerror(ENAMETOOLONG);
	if (why == NULL && !is_same(file))
		why = "was changed by somebody else just now; the next run tries again";
	if (why == NULL && rename(name, file->path) == -1)
		why = strerror(errno);
	if (why != NULL) {
		(void)unlink(name);
		return why;
	}
	return sync_folder(file->path);
}

void
deliveryfile_abandon(const struct deliveryfile *file, int fd)
{
	char name[PATH_MAX];

	close(fd);
	if (temporary_name(name, file->path))
		(void)unlink(name);
}

/* Are the bytes of fd those that the file has? */
static bool
is_unchanged(const struct deliveryfile *file, int fd)
{
	char piece[65536];
	size_t at = 0;
	ssize_t n;

	if (!file->there || lseek(fd, 0, SEEK_SET) == -1)
		return false;
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		if ((size_t)n > file->len - at ||
		    memcmp(piece, file->bytes + at, (size_t)n) != 0)
			return false;
		at += (size_t)n;
	}
	return n == 0 && at == file->len;
}

const char *
deliveryfile_finish(const struct deliveryfile *file, int fd)
{
	if (!is_unchanged(file, fd))
		return put_in_place(file, fd);
	deliveryfile_abandon(file, fd);
	return NULL;
}
