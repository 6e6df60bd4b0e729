#include "logfeed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"

#define LOOK_EVERY 2000 /* ms */
#define ROOM_MAX   (1024 * 1024)

static const char not_a_fifo[] = "it is no FIFO: mkfifo makes one";
static const char not_ours[] =
    "it must belong to root or to relaylog's user, and nobody else may "
    "write to it: chown, chmod 600";

void
logfeed_open_descriptor(struct logfeed *feed, int fd)
{
	*feed = (struct logfeed){.fd = fd, .look_again = INT64_MAX};
}

/* Whoever writes to it can let an address relay. */
static bool
is_ours(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/*
 * For reading and writing: then there is no end of file when the last writer goes, and what is
 * written before the next one comes is kept. Linux allows it, POSIX leaves it open.
 */
static int
open_it(struct logfeed *feed)
{
	struct stat st;
	int fd = open(feed->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), saved = 0;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISFIFO(st.st_mode))
		saved = EINVAL;
	else if (!is_ours(&st))
		saved = EPERM;
	if (saved != 0) {
		close(fd);
		errno = saved;
		return -1;
	}
	feed->fd = fd;
	feed->device = st.st_dev;
	feed->inode = st.st_ino;
	return 0;
}

int
logfeed_open_fifo(struct logfeed *feed, const char *path)
{
	*feed =
	    (struct logfeed){.fd = -1, .path = path, .look_again = deadline_now() + LOOK_EVERY};
	return open_it(feed);
}

int
logfeed_look(struct logfeed *feed)
{
	struct stat st;
	int old = feed->fd;

	feed->look_again = deadline_now() + LOOK_EVERY;
	if (old != -1 &&
	    (stat(feed->path, &st) == -1 ||
		(st.st_dev == feed->device && st.st_ino == feed->inode)))
		return 0; /* gone by name, it may still be written to by those who have it open */
	if (open_it(feed) == -1)
		return -1;
	if (old != -1)
		close(old);
	return 1;
}

const char *
logfeed_reason(int number)
{
	switch (number) {
	case EINVAL:
		return not_a_fifo;
	case EPERM:
		return not_ours;
	default:
		return strerror(number);
	}
}

size_t
logfeed_room(const struct logfeed *feed)
{
	int size = feed->fd == -1 ? -1 : fcntl(feed->fd, F_GETPIPE_SZ);

	if (size < LOGFEED_ROOM_MIN)
		return LOGFEED_ROOM_MIN;
	return size > ROOM_MAX ? ROOM_MAX : (size_t)size;
}
