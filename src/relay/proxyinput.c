#include "proxyinput.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"

static unsigned char bytes[PROXYHEADER_MAX];

/* Returns whether there is something to read, or an end; false with errno, ETIMEDOUT if late. */
static bool
await(int fd, short events, int64_t deadline)
{
	struct pollfd pollfd = {.fd = fd, .events = events};
	int count;

	do {
		count = poll(&pollfd, 1, deadline_left(deadline));
	} while (
	    (count == -1 && errno == EINTR) || (count == 0 && deadline_left(deadline) > 0));
	if (count == 0)
		errno = ETIMEDOUT;
	return count == 1;
}

/*
 * Where the descriptor lets us look ahead, what is there, as far as the buffer goes: the parser says
 * how much of it is header before it is taken. Else so much as is header for certain.
 */
static ssize_t
look(int fd, size_t len, size_t certain, bool *peeked)
{
	ssize_t got = recv(fd, bytes + len, sizeof(bytes) - len, MSG_PEEK | MSG_DONTWAIT);

	*peeked = got != -1 || errno != ENOTSOCK;
	return *peeked ? got : read(fd, bytes + len, certain);
}

/* Takes what was looked at. */
static bool
take(int fd, size_t len, size_t count)
{
	while (count > 0) {
		ssize_t got = read(fd, bytes + len, count);

		if (got == -1 && (errno == EINTR || errno == EAGAIN))
			continue; /* it is there */
		if (got <= 0)
			return false;
		len += (size_t)got;
		count -= (size_t)got;
	}
	return true;
}

static enum proxyinput
failed(size_t len)
{
	if (errno == ETIMEDOUT)
		return PROXYINPUT_LATE;
	if (errno == ECONNRESET)
		return len == 0 ? PROXYINPUT_GONE : PROXYINPUT_CUT;
	return PROXYINPUT_TROUBLE;
}

enum proxyinput
proxyinput_read(
    int fd, int64_t deadline, struct proxyheader *header, enum proxyheader_kind *kind)
{
	size_t len = 0, certain = 1, rest;
	ssize_t got;
	bool peeked;

	for (;;) {
		if (!await(fd, POLLIN, deadline))
			return failed(len);
		got = look(fd, len, certain, &peeked);
		if (got == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got == -1)
			return failed(len);
		if (got == 0)
			return len == 0 ? PROXYINPUT_GONE : PROXYINPUT_CUT;
		*kind = proxyheader_parse(header, bytes, len + (size_t)got);
		if (*kind == PROXYHEADER_BAD)
			return PROXYINPUT_BAD;
		certain = header->len;
		rest = *kind == PROXYHEADER_MORE ? (size_t)got : header->len - len;
		if (peeked && !take(fd, len, rest))
			return PROXYINPUT_TROUBLE;
		if (*kind != PROXYHEADER_MORE)
			return PROXYINPUT_HEADER;
		len += (size_t)got;
	}
}

bool
proxyinput_hangs_up(int fd, int64_t deadline)
{
	char byte;
	ssize_t got;

	if (!await(fd, POLLIN | POLLRDHUP, deadline))
		return false;
	got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return got == 0 || (got == -1 && errno == ECONNRESET);
}
