#include "remote.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deadline.h"

/* A sound rcptprobe says soon that it has the question, and WIRE_EVERY that it still asks. */
#define SILENCE_FIRST 1000 /* ms; long enough for a machine under load */
#define SILENCE_LATER (3 * WIRE_EVERY)
#define MESSAGES_MAX  16 /* that are read in one step */

/*
 * Connects, without waiting. Where root has locked itself up (checker.h) only its folder is in
 * reach: then from there.
 */
static int
connect_to(struct checker *checker)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = checker->probe_path;
	int fd;

	if (path[0] == '\0')
		return -1;
	if (checker->probe_folder != -1) {
		if (fchdir(checker->probe_folder) == -1)
			return -1;
		path = strrchr(path, '/') + 1;
	}
	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		close(fd);
		fd = -1;
	}
	/* Where names that a journal has would lead out of the folder of the cache */
	if (checker->probe_folder != -1 && chdir("/") == -1 && fd != -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Sends the question. Returns the descriptor, or -1. */
static int
ask(struct checker *checker, const char *address, size_t len, int64_t left, bool refresh)
{
	unsigned char message[WIRE_SIZE_MAX];
	struct wire_question question = {.refresh = refresh};
	size_t message_len;
	int fd;

	if (len > sizeof(question.address))
		return -1;
	fd = connect_to(checker);
	if (fd == -1)
		return -1;
	question.left = (uint32_t)left;
	snprintf(question.client, sizeof(question.client), "%s", checker->client);
	memcpy(question.address, address, len);
	question.address_len = len;
	message_len = wire_make_question(message, &question);
	if (send(fd, message, message_len, MSG_NOSIGNAL) == (ssize_t)message_len)
		return fd;
	close(fd);
	return -1;
}

static void
end(struct remote *remote, enum remote_state state, const char *trouble)
{
	if (remote->fd != -1)
		close(remote->fd);
	remote->fd = -1;
	remote->state = state;
	remote->trouble = trouble;
}

static void
wait_for(struct remote *remote, int64_t silence)
{
	remote->wake = deadline_earlier(remote->deadline, deadline_now() + silence);
}

static void
take(struct remote *remote, const unsigned char *message, size_t len)
{
	switch (wire_kind(message, len)) {
	case WIRE_WAIT:
		wait_for(remote, SILENCE_LATER);
		break;
	case WIRE_DIRECTLY:
		end(remote, REMOTE_FAILED, NULL);
		break;
	case WIRE_ANSWER:
		if (wire_parse_answer(&remote->answer, message, len))
			end(remote, REMOTE_ANSWERED, NULL);
		else
			end(remote, REMOTE_FAILED, "its answer makes no sense");
		break;
	default:
		end(remote, REMOTE_FAILED, "its answer makes no sense");
	}
}

void
remote_step(struct remote *remote)
{
	/* Not for ever, however much it says: the caller may have others to see to. */
	for (int i = 0; i < MESSAGES_MAX && remote->state == REMOTE_WAITING; i++) {
		unsigned char message[WIRE_SIZE_MAX + 1];
		ssize_t n = recv(remote->fd, message, sizeof(message), 0);

		if (n > 0) {
			take(remote, message, (size_t)n);
			if (remote->state == REMOTE_WAITING &&
			    deadline_left(remote->deadline) == 0)
				end(remote, REMOTE_LATE, NULL);
		} else if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (deadline_left(remote->wake) > 0)
				return;
			if (deadline_left(remote->deadline) == 0)
				end(remote, REMOTE_LATE, NULL);
			else
				end(remote, REMOTE_FAILED, "it does not answer");
		} else if (n == 0 || errno != EINTR) {
			end(remote, REMOTE_FAILED, "it hung up");
		}
	}
}

void
remote_start(struct remote *remote, struct checker *checker, const char *address, size_t len,
    int64_t deadline)
{
	remote->state = REMOTE_WAITING;
	remote->events = POLLIN;
	remote->trouble = NULL;
	remote->deadline = deadline;
	remote->fd = ask(checker, address, len, deadline_left(deadline), false);
	if (remote->fd == -1)
		remote->state = REMOTE_FAILED;
	else
		wait_for(remote, SILENCE_FIRST);
}

void
remote_stop(struct remote *remote)
{
	if (remote->state == REMOTE_WAITING)
		end(remote, REMOTE_FAILED, NULL);
}

void
remote_refresh(struct checker *checker, const char *address, size_t len)
{
	int fd = ask(checker, address, len, 0, true);

	if (fd != -1)
		close(fd);
}
