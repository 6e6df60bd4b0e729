#include "tell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deadline.h"

#define PAUSE_MIN 20 /* ms after the first try that failed */

static int
start(struct tell *tell, size_t room)
{
	tell->fd = -1;
	tell->first = tell->unsent = tell->next = 1;
	tell->pause = PAUSE_MIN;
	tell->room = room;
	tell->marks = calloc(room, sizeof(*tell->marks));
	return tell->marks == NULL ? -1 : 0;
}

static int
set_path(char path[TELL_PATH_SIZE], const char *home)
{
	if (snprintf(path, TELL_PATH_SIZE, "%s/" TELL_SOCKET, home) < TELL_PATH_SIZE)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
tell_open(struct tell *tell, const char *home, size_t room)
{
	memset(tell, 0, sizeof(*tell));
	tell->folder = -1;
	return set_path(tell->path, home) == -1 ? -1 : start(tell, room);
}

int
tell_open_in(struct tell *tell, int folder, size_t room)
{
	memset(tell, 0, sizeof(*tell));
	tell->folder = folder;
	strcpy(tell->path, TELL_NAME);
	return start(tell, room);
}

const char *
tell_mark(struct tell *tell, const char *address, const char *user, size_t user_len,
    const char *source)
{
	struct relaywire_mark mark;
	const char *why = relaywire_set_mark(&mark, address, user, user_len, source);

	if (why != NULL)
		return why;
	if (tell->next - tell->first == tell->room) {
		tell->dropped++;
		tell->first++;
		if (tell->unsent < tell->first)
			tell->unsent = tell->first;
	}
	tell->marks[tell->next++ % tell->room] = mark;
	return NULL;
}

size_t
tell_pending(const struct tell *tell)
{
	return (size_t)(tell->next - tell->first);
}

static void
note(struct tell *tell, const char *what, const char *detail)
{
	snprintf(tell->trouble, sizeof(tell->trouble), "%.120s: %.120s", what, detail);
}

/* The connection is no good, or was not made. */
static void
disconnect(struct tell *tell)
{
	if (tell->fd != -1)
		close(tell->fd);
	tell->fd = -1;
	tell->unsent = tell->first;
	tell->retry = deadline_now() + (tell->barred ? TELL_BARRED_FOR : tell->pause);
	tell->pause = tell->pause * 2 > TELL_RETRY_MAX ? TELL_RETRY_MAX : tell->pause * 2;
}

static int
connect_to(const char *path, int flags)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0), saved;

	if (fd == -1)
		return -1;
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/*
 * A socket has no connectat(2): we go there and come back. O_PATH, since the folder we are in may
 * be one that we cannot read. It may be one that we cannot even come back to, as that of a service
 * of root; then /proc has a way.
 */
static int
connect_in(int folder, const char *path)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1, saved;
	char by_proc[TELL_PATH_SIZE];

	if (here == -1) {
		if (snprintf(by_proc, sizeof(by_proc), "/proc/self/fd/%d/%s", folder, path) >=
		    (int)sizeof(by_proc)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		return connect_to(by_proc, SOCK_NONBLOCK);
	}
	if (fchdir(folder) == 0) {
		fd = connect_to(path, SOCK_NONBLOCK);
		saved = errno;
		if (fchdir(here) == -1) {
			saved = errno;
			if (fd != -1)
				close(fd);
			fd = -1;
		}
		errno = saved;
	}
	saved = errno;
	close(here);
	errno = saved;
	return fd;
}

static void
connect_now(struct tell *tell)
{
	if (deadline_left(tell->retry) > 0)
		return;
	tell->barred = false;
	if (tell->folder != -1)
		tell->fd = connect_in(tell->folder, tell->path);
	else
		tell->fd = connect_to(tell->path, SOCK_NONBLOCK);
	if (tell->fd != -1)
		return;
	note(tell, tell->path,
	    errno == ENOENT || errno == ECONNREFUSED ? "relayd does not run" : strerror(errno));
	disconnect(tell);
}

static void
take(struct tell *tell, const unsigned char *bytes, size_t len)
{
	struct relaywire_message message;

	if (!relaywire_parse(&message, bytes, len))
		return;
	switch (message.kind) {
	case RELAYWIRE_DONE:
		tell->expire = message.number;
		tell->pause = PAUSE_MIN;
		if (message.serial >= tell->first && message.serial < tell->unsent)
			tell->first = message.serial + 1;
		break;
	case RELAYWIRE_REFUSED:
		note(tell, "relayd", message.text);
		if (message.serial == 0)
			tell->barred = true;
		else
			tell->refused++;
		break;
	default:
		break;
	}
}

/* Returns false when the connection has ended. */
static bool
receive(struct tell *tell)
{
	unsigned char bytes[RELAYWIRE_SIZE_MAX];

	for (;;) {
		ssize_t n = recv(tell->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n > 0) {
			take(tell, bytes, (size_t)n);
			if (tell->barred)
				return false;
		} else if (n == 0) {
			if (tell->trouble[0] == '\0')
				note(tell, "relayd", "it hung up");
			return false;
		} else if (errno != EINTR) {
			return errno == EAGAIN || errno == EWOULDBLOCK;
		}
	}
}

static bool
send_all(struct tell *tell)
{
	unsigned char bytes[RELAYWIRE_SIZE_MAX];

	while (tell->unsent < tell->next) {
		size_t len = relaywire_make_mark(
		    bytes, tell->unsent, &tell->marks[tell->unsent % tell->room]);

		if (send(tell->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1) {
			if (errno == EINTR)
				continue;
			return errno == EAGAIN || errno == EWOULDBLOCK;
		}
		tell->unsent++;
	}
	return true;
}

void
tell_poll(const struct tell *tell, struct pollfd *pollfd, int64_t *wake)
{
	*pollfd = (struct pollfd){.fd = tell->fd, .events = POLLIN};
	if (tell->fd == -1 && tell_pending(tell) > 0)
		*wake = deadline_earlier(*wake, tell->retry);
	if (tell->unsent < tell->next)
		pollfd->events |= POLLOUT;
}

void
tell_step(struct tell *tell)
{
	if (tell->fd == -1 && tell_pending(tell) > 0)
		connect_now(tell);
	if (tell->fd == -1)
		return;
	/* Why it has ended may be among what can still be read. */
	if (!send_all(tell)) {
		(void)receive(tell);
		disconnect(tell);
	} else if (!receive(tell)) {
		disconnect(tell);
	}
}

int
tell_wait(struct tell *tell, int64_t deadline)
{
	for (;;) {
		struct pollfd pollfd;
		int64_t wake = deadline;

		tell_step(tell);
		if (tell_pending(tell) == 0)
			return 0;
		if (tell->barred) {
			errno = EACCES;
			return -1;
		}
		if (deadline_left(deadline) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		tell_poll(tell, &pollfd, &wake);
		(void)poll(&pollfd, 1, deadline_left(wake));
	}
}

void
tell_close(struct tell *tell)
{
	if (tell->fd != -1)
		close(tell->fd);
	tell->fd = -1;
	free(tell->marks);
	tell->marks = NULL;
}

int
tell_connect(const char *home, int64_t deadline)
{
	char path[TELL_PATH_SIZE];
	int fd;

	if (set_path(path, home) == -1)
		return -1;
	/* Its backlog may be full. */
	while ((fd = connect_to(path, SOCK_NONBLOCK)) == -1 && errno == EAGAIN) {
		if (deadline_left(deadline) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		(void)poll(NULL, 0, PAUSE_MIN);
	}
	return fd;
}
