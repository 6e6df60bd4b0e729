#include "authsession.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
authsession_start(struct authsession *session, int in, int out, int64_t deadline)
{
	session->state = AUTHSESSION_READING;
	session->in = in;
	session->out = out;
	session->deadline = deadline;
	session->probe = -1;
	session->child = 0;
	session->reply_len = 0;
	session->reply_sent = 0;
	httprequest_clear(&session->request);
}

struct pollfd
authsession_poll(const struct authsession *session)
{
	switch (session->state) {
	case AUTHSESSION_READING:
		return (struct pollfd){.fd = session->in, .events = POLLIN};
	case AUTHSESSION_WRITING:
		return (struct pollfd){.fd = session->out, .events = POLLOUT};
	case AUTHSESSION_CONNECTING:
		return (struct pollfd){.fd = session->probe, .events = POLLOUT};
	default:
		return (struct pollfd){.fd = -1};
	}
}

bool
authsession_read(struct authsession *session)
{
	size_t size;
	char *room = httprequest_room(&session->request, &size);
	ssize_t n = read(session->in, room, size);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return false;
	/* Somebody who connects and goes away again, as those who watch ports do. */
	if (n == -1 || (n == 0 && session->request.len == 0)) {
		session->state = AUTHSESSION_OVER;
		return false;
	}
	return httprequest_take(&session->request, (size_t)n) != HTTPREQUEST_MORE;
}

void
authsession_write(struct authsession *session)
{
	const char *rest = session->reply + session->reply_sent;
	size_t len = session->reply_len - session->reply_sent;
	ssize_t n = send(session->out, rest, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	/* A pipe takes so little at once. */
	if (n == -1 && errno == ENOTSOCK)
		n = write(session->out, rest, len);
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		session->reply_sent += (size_t)n;
	if (n <= 0 || session->reply_sent == session->reply_len)
		session->state = AUTHSESSION_OVER;
}

void
authsession_end(struct authsession *session)
{
	char rest[4096];

	if (session->probe != -1)
		close(session->probe);
	session->probe = -1;
	explicit_bzero(&session->question, sizeof(session->question));
	explicit_bzero(&session->route, sizeof(session->route));
	explicit_bzero(session->request.bytes, session->request.len);
	explicit_bzero(session->reply, session->reply_len);
	if (session->in <= STDERR_FILENO)
		return;
	/* What was not read would have the kernel reset the connection, and the answer be lost. */
	(void)shutdown(session->out, SHUT_WR);
	(void)!recv(session->in, rest, sizeof(rest), MSG_DONTWAIT);
	close(session->in);
}
