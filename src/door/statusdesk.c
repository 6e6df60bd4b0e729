#include "statusdesk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deadline.h"
#include "rcpt/wire.h"

#define AGAIN 20 /* ms: its queue of callers is full */

/*
 * The folder is that of rcptprobe's user, who may make of the name what he likes: another socket
 * hears no more than the two bytes of a question that means nothing to it.
 */
static enum statusdesk_result
connect_to(int fd, int64_t deadline)
{
	static const struct sockaddr_un address = {AF_UNIX, STATUSDESK_SOCKET};

	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == -1) {
		switch (errno) {
		case EAGAIN:
			if (deadline_left(deadline) == 0)
				return STATUSDESK_HANGS;
			poll(NULL, 0, AGAIN);
			break;
		case EINTR:
			break;
		case ENOENT: /* since just now */
			return STATUSDESK_ABSENT;
		case ECONNREFUSED:
		case EPROTOTYPE:
			return STATUSDESK_DEAD;
		default:
			return STATUSDESK_FAILED;
		}
	}
	return STATUSDESK_RUNS;
}

static bool
take(struct statusdesk *statusdesk, const unsigned char *message, size_t len)
{
	struct statusprobe_server spare, *server = &spare;
	const size_t head = 2; /* of a WIRE_TEXT */

	if (wire_kind(message, len) != WIRE_TEXT)
		return false;
	if (statusdesk->count < STATUSDESK_MAX)
		server = &statusdesk->servers[statusdesk->count];
	switch (statusprobe_parse(
	    &statusdesk->desk, server, (const char *)message + head, len - head)) {
	case STATUSPROBE_DESK:
		statusdesk->result = STATUSDESK_RUNS;
		return true;
	case STATUSPROBE_SERVER:
		if (server != &spare)
			statusdesk->count++;
		return true;
	default:
		return false;
	}
}

/* Until the other end has hung up; what it said of itself by the deadline will do. */
static void
listen_to(struct statusdesk *statusdesk, int fd, int64_t deadline)
{
	unsigned char message[WIRE_SIZE_MAX + 1];
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	statusdesk->result = STATUSDESK_SILENT;
	for (;;) {
		ssize_t n = recv(fd, message, sizeof(message), MSG_DONTWAIT);

		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return;
		if (n == -1) {
			poll(&pollfd, 1, deadline_left(deadline));
		} else if (!take(statusdesk, message, (size_t)n)) {
			statusdesk->result = STATUSDESK_NONSENSE;
			return;
		}
		if (deadline_left(deadline) == 0) {
			if (statusdesk->result != STATUSDESK_RUNS)
				statusdesk->result = STATUSDESK_HANGS;
			return;
		}
	}
}

void
statusdesk_ask(struct statusdesk *statusdesk)
{
	int64_t deadline = deadline_now() + STATUSDESK_TIME;
	unsigned char word[WIRE_SIZE_MAX];
	size_t len = wire_make_word(word, WIRE_STATUS);
	struct stat st;
	int fd;

	memset(statusdesk, 0, sizeof(*statusdesk));
	statusdesk->user = geteuid();
	if (lstat(STATUSDESK_SOCKET, &st) == -1 && errno == ENOENT)
		return;
	statusdesk->result = STATUSDESK_FAILED;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1)
		statusdesk->result = connect_to(fd, deadline);
	statusdesk->error = errno;
	if (statusdesk->result == STATUSDESK_RUNS) {
		/* Where that fails it has hung up, which is heard next. */
		(void)send(fd, word, len, MSG_NOSIGNAL);
		listen_to(statusdesk, fd, deadline);
	}
	if (fd != -1)
		close(fd);
}

bool
statusdesk_runs(const struct statusdesk *statusdesk)
{
	return statusdesk->result == STATUSDESK_RUNS ||
	    statusdesk->result == STATUSDESK_SILENT ||
	    statusdesk->result == STATUSDESK_NONSENSE;
}
