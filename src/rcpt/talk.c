#include "talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"

/*
 * A connection that takes longer has lost two packets, or nobody is there: the second is sent
 * after one second (RFC 6298 2). A reply may take longer, the usual tarpits and greeting delays
 * are of 5 or 6 s; and longer still where it takes a look at the user.
 */
#define SLOW_CONNECTION 1500 /* ms */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void
watch(const struct talk *talk, char direction, const char *bytes, size_t len)
{
	if (talk->terms->watch != NULL)
		talk->terms->watch(talk->terms->watch_context, direction, bytes, len);
}

void
talk_tell(const struct talk_terms *terms, const char *text)
{
	if (terms->watch != NULL)
		terms->watch(terms->watch_context, '=', text, strlen(text));
}

static socklen_t
fill_address(union socket_address *address, const struct record_server *server)
{
	memset(address, 0, sizeof(*address));
	if (server->family == 4) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(server->port);
		memcpy(&address->v4.sin_addr, server->address, 4);
		return sizeof(address->v4);
	}
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(server->port);
	memcpy(&address->v6.sin6_addr, server->address, 16);
	return sizeof(address->v6);
}

/* Begins a wait of so many seconds, which the deadline may cut short. */
static void
wait_for(struct talk *talk, short events, uint32_t seconds)
{
	int64_t now = deadline_now(), full = (int64_t)seconds * 1000, slow = full / 2;

	if (talk->inquiry.smtp.stage >= SMTP_RSET)
		slow = full / 4 * 3;
	if (talk->connecting && slow > SLOW_CONNECTION)
		slow = SLOW_CONNECTION;
	talk->events = events;
	talk->slow = false;
	talk->slow_at = now + slow;
	talk->late_at = deadline_earlier(talk->terms->deadline, now + full);
	talk->wake = deadline_earlier(talk->slow_at, talk->late_at);
}

/* Nothing has come. Returns whether the wait is over. */
static bool
is_late(struct talk *talk)
{
	if (deadline_left(talk->late_at) == 0)
		return true;
	if (deadline_left(talk->slow_at) == 0) {
		talk->slow = true;
		talk->wake = talk->late_at;
	}
	return false;
}

static void
end(struct talk *talk)
{
	if (talk->inquiry.answer.note != NULL)
		talk_tell(talk->terms, talk->inquiry.answer.note);
	if (talk->fd != -1)
		close(talk->fd);
	talk->fd = -1;
	talk->connecting = false;
	talk->slow = false;
	talk->done = true;
}

void
talk_stop(struct talk *talk, const char *note)
{
	if (talk->done)
		return;
	inquiry_lost(&talk->inquiry, note);
	end(talk);
}

static void
time_out(struct talk *talk)
{
	talk->timed_out = talk->late_at < talk->terms->deadline;
	talk_stop(talk, "timeout");
}

/*
 * Asks the system to acknowledge what comes next at once. Servers that write the replies to a
 * pipelined MAIL and RCPT one by one wait for the acknowledgement of the first before they send
 * the second (RFC 896), which systems hold back for 40 ms or more (RFC 1122 4.2.3.2).
 */
static void
acknowledge_fast(const struct talk *talk)
{
#ifdef TCP_QUICKACK
	int on = 1;

	setsockopt(talk->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
#else
	(void)talk;
#endif
}

static void
send_output(struct talk *talk)
{
	struct smtp *smtp = &talk->inquiry.smtp;

	if (smtp->out_len == 0)
		return;
	watch(talk, '>', smtp->out, smtp->out_len);
	/*
	 * A few hundred bytes into an empty socket buffer: what does not fit is a lost
	 * connection.
	 */
	if (send(talk->fd, smtp->out, smtp->out_len, MSG_NOSIGNAL) != (ssize_t)smtp->out_len)
		inquiry_lost(&talk->inquiry, "lost");
	smtp->out_len = 0;
	acknowledge_fast(talk);
	wait_for(talk, POLLIN, talk->terms->command_timeout);
}

static void
begin_inquiry(struct talk *talk)
{
	union socket_address own = {0}, peer = {0};
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
	char own_ip[INET6_ADDRSTRLEN] = "";
	bool same_machine = false;

	if (getsockname(talk->fd, &own.any, &own_len) == 0 &&
	    getpeername(talk->fd, &peer.any, &peer_len) == 0) {
		if (own.any.sa_family == AF_INET) {
			inet_ntop(AF_INET, &own.v4.sin_addr, own_ip, sizeof(own_ip));
			same_machine = own.v4.sin_addr.s_addr == peer.v4.sin_addr.s_addr;
		} else {
			inet_ntop(AF_INET6, &own.v6.sin6_addr, own_ip, sizeof(own_ip));
			same_machine = memcmp(&own.v6.sin6_addr, &peer.v6.sin6_addr,
					   sizeof(struct in6_addr)) == 0;
		}
	}
	/*
	 * A greeting with our own name is a loop of backups, reached by a name or a NAT that
	 * rcptbuild could not see through. Not so on one machine, where the primary is another
	 * program that may well use the same name.
	 */
	inquiry_start(&talk->inquiry, talk->question, own_ip, !same_machine);
	talk->connecting = false;
	wait_for(talk, POLLIN, talk->terms->command_timeout);
}

static const char *
connect_note(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "refused";
	case ETIMEDOUT:
		return "timeout";
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return "unreachable";
	default:
		return "no-connection";
	}
}

static void
step_connecting(struct talk *talk)
{
	struct pollfd pollfd = {.fd = talk->fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&pollfd, 1, 0) <= 0) {
		if (is_late(talk))
			time_out(talk);
		return;
	}
	if (getsockopt(talk->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0)
		talk_stop(talk, connect_note(error));
	else
		begin_inquiry(talk);
}

/* Takes what has arrived. Returns false when there is nothing more for now. */
static bool
step_talking(struct talk *talk)
{
	char bytes[4096];
	ssize_t n = recv(talk->fd, bytes, sizeof(bytes), 0);

	if (n == -1 && errno == EINTR)
		return true;
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		if (!is_late(talk))
			return false;
		time_out(talk);
		return true;
	}
	if (n <= 0) {
		talk_stop(talk, "lost");
		return true;
	}
	watch(talk, '<', bytes, (size_t)n);
	inquiry_input(&talk->inquiry, bytes, (size_t)n);
	send_output(talk);
	if (talk->inquiry.done)
		end(talk);
	else if (is_late(talk)) /* a byte now and then does not move a time-out */
		time_out(talk);
	return true;
}

void
talk_step(struct talk *talk)
{
	if (!talk->done && talk->connecting)
		step_connecting(talk);
	if (talk->connecting)
		return;
	while (!talk->done && step_talking(talk))
		;
}

void
talk_start(struct talk *talk, const struct record_server *server,
    const struct inquiry_question *question, const struct talk_terms *terms)
{
	union socket_address address;
	socklen_t len = fill_address(&address, server);
	int on = 1;

	talk->done = false;
	talk->timed_out = false;
	talk->question = question;
	talk->terms = terms;
	talk->connecting = true;
	inquiry_start(&talk->inquiry, question, "", false); /* so that it can be lost */
	talk->inquiry.smtp.stage = SMTP_CONNECT;
	talk->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (talk->fd == -1) {
		talk_stop(talk, connect_note(errno));
		return;
	}
	/* The same the other way round: what we write waits for no acknowledgement. */
	setsockopt(talk->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	wait_for(talk, POLLOUT, terms->connect_timeout);
	if (connect(talk->fd, &address.any, len) == 0)
		begin_inquiry(talk);
	else if (errno != EINPROGRESS && errno != EINTR)
		talk_stop(talk, connect_note(errno));
}
