#include "capask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "live.h"

/* Waits for what poll(2) has to say of the descriptor. Returns false when the time is over. */
static bool
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int rc;

	while ((rc = poll(&poll_fd, 1, deadline_left(deadline))) == -1 && errno == EINTR)
		;
	return rc == 1;
}

static int
failed(struct capability *capability, const char *why)
{
	capability->why = why;
	return -1;
}

static int
send_all(int fd, const char *text, int64_t deadline)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(fd, POLLOUT, deadline))
				return -1;
			continue;
		}
		if (n == -1)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
talk(struct capability *capability, int fd, int64_t deadline)
{
	char bytes[2048];

	while (capability->state < CAPABILITY_DONE) {
		ssize_t n;

		if (!wait_for(fd, POLLIN, deadline))
			return failed(capability, "does not answer in time");
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return failed(capability, "closes the connection");
		capability_push(capability, bytes, (size_t)n);
		if (capability->send != NULL &&
		    send_all(fd, capability->send, deadline) == -1 &&
		    capability->state < CAPABILITY_DONE)
			return failed(capability, "closes the connection");
		capability->send = NULL;
	}
	return capability->state == CAPABILITY_DONE ? 0 : -1;
}

int
capask(struct capability *capability, const struct record_server *server,
    const struct routesettings *settings, int64_t deadline)
{
	static const struct linger politely = {0, 0};
	int64_t connected =
	    deadline_earlier(deadline, deadline_now() + (int64_t)settings->timeout * 1000);
	enum live_answer answer;
	int fd = live_connect(server, &answer), error = 0, result = -1;
	socklen_t len = sizeof(error);

	capability_start(capability);
	if (fd == -1)
		return failed(capability,
		    answer == LIVE_NO ? "cannot be connected" : "could not be asked");
	if (!wait_for(fd, POLLOUT, connected))
		capability->why = "cannot be connected in time";
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0)
		capability->why = "cannot be connected";
	else
		result = talk(capability, fd, deadline);
	/* A reset would overtake the goodbye. */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &politely, sizeof(politely));
	close(fd);
	return result;
}
