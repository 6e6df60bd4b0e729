#include "callout.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void
watch(struct callout *callout, char direction, const char *bytes, size_t len)
{
	if (callout->watch != NULL)
		callout->watch(callout->watch_context, direction, bytes, len);
}

static void
watch_text(struct callout *callout, const char *text)
{
	watch(callout, '=', text, strlen(text));
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

static int64_t
wake_after(const struct callout *callout, uint32_t seconds)
{
	return deadline_earlier(callout->deadline, deadline_now() + (int64_t)seconds * 1000);
}

static void
hang_up(struct callout *callout)
{
	if (callout->fd != -1)
		close(callout->fd);
	callout->fd = -1;
}

/*
 * Keeps the answer of the server just asked if it says more than what is there: a statement
 * about the address ends the callout, and "policy" is better known than "temporary".
 */
static void
keep_answer(struct callout *callout)
{
	const struct smtp_answer *answer = &callout->smtp.answer;
	bool first = callout->host[0] == '\0';
	bool better = answer->finding != FINDING_TEMPORARY &&
	    callout->answer.finding == FINDING_TEMPORARY;

	if (first || better || finding_is_verdict(answer->finding)) {
		callout->answer = *answer;
		record_server_text(callout->host, &callout->record->servers[callout->next - 1]);
	}
	callout->done = finding_is_verdict(answer->finding);
}

/*
 * Asks the system to acknowledge what comes next at once. Servers that write the replies to a
 * pipelined MAIL and RCPT one by one wait for the acknowledgement of the first before they send
 * the second (RFC 896), which systems hold back for 40 ms or more (RFC 1122 4.2.3.2).
 */
static void
acknowledge_fast(const struct callout *callout)
{
#ifdef TCP_QUICKACK
	int on = 1;

	setsockopt(callout->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
#else
	(void)callout;
#endif
}

static void
send_output(struct callout *callout)
{
	struct smtp *smtp = &callout->smtp;

	if (smtp->out_len == 0)
		return;
	watch(callout, '>', smtp->out, smtp->out_len);
	/*
	 * A few hundred bytes into an empty socket buffer: what does not fit is a lost
	 * connection.
	 */
	if (send(callout->fd, smtp->out, smtp->out_len, MSG_NOSIGNAL) != (ssize_t)smtp->out_len)
		smtp_lost(smtp, "lost");
	smtp->out_len = 0;
	acknowledge_fast(callout);
	callout->wake = wake_after(callout, callout->record->settings.command_timeout);
}

/* Ends the talk with the server that was being asked. */
static void
next_server(struct callout *callout)
{
	if (callout->smtp.answer.note != NULL)
		watch_text(callout, callout->smtp.answer.note);
	keep_answer(callout);
	hang_up(callout);
	callout->connecting = false;
}

static void
begin_talk(struct callout *callout)
{
	union socket_address own = {0}, peer = {0};
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
	char own_ip[INET6_ADDRSTRLEN] = "";
	bool same_machine = false;

	if (getsockname(callout->fd, &own.any, &own_len) == 0 &&
	    getpeername(callout->fd, &peer.any, &peer_len) == 0) {
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
	smtp_start(&callout->smtp, &callout->question, own_ip, !same_machine);
	callout->connecting = false;
	callout->events = POLLIN;
	callout->wake = wake_after(callout, callout->record->settings.command_timeout);
}

static void
lose(struct callout *callout, const char *note)
{
	if (callout->connecting) {
		callout->smtp.done = false;
		callout->smtp.stage = SMTP_CONNECT;
	}
	smtp_lost(&callout->smtp, note);
	next_server(callout);
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
connect_next(struct callout *callout)
{
	const struct record_server *server = &callout->record->servers[callout->next++];
	union socket_address address;
	socklen_t len = fill_address(&address, server);
	char text[RECORD_SERVER_TEXT];
	int on = 1;

	record_server_text(text, server);
	watch_text(callout, text);
	callout->connecting = true;
	if (strcmp(text, callout->self) == 0) {
		lose(callout, "loop");
		return;
	}
	callout->fd =
	    socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (callout->fd == -1) {
		lose(callout, connect_note(errno));
		return;
	}
	/* The same the other way round: what we write waits for no acknowledgement. */
	setsockopt(callout->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	callout->events = POLLOUT;
	callout->wake = wake_after(callout, callout->record->settings.connect_timeout);
	if (connect(callout->fd, &address.any, len) == 0)
		begin_talk(callout);
	else if (errno != EINPROGRESS && errno != EINTR)
		lose(callout, connect_note(errno));
}

static void
step_connecting(struct callout *callout)
{
	struct pollfd pollfd = {.fd = callout->fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&pollfd, 1, 0) <= 0) {
		if (deadline_left(callout->wake) == 0)
			lose(callout, "timeout");
		return;
	}
	if (getsockopt(callout->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0)
		lose(callout, connect_note(error));
	else
		begin_talk(callout);
}

/* Takes what has arrived. Returns false when there is nothing more for now. */
static bool
step_talking(struct callout *callout)
{
	char bytes[4096];
	ssize_t n = recv(callout->fd, bytes, sizeof(bytes), 0);

	if (n == -1 && errno == EINTR)
		return true;
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		if (deadline_left(callout->wake) > 0)
			return false;
		lose(callout, "timeout");
		return true;
	}
	if (n <= 0) {
		lose(callout, "lost");
		return true;
	}
	watch(callout, '<', bytes, (size_t)n);
	smtp_input(&callout->smtp, bytes, (size_t)n);
	send_output(callout);
	if (callout->smtp.done) {
		next_server(callout);
	} else if (deadline_left(callout->wake) == 0) {
		/* A server that sends a byte now and then does not move its time-out. */
		lose(callout, "timeout");
	}
	return true;
}

void
callout_step(struct callout *callout)
{
	while (!callout->done) {
		if (callout->fd == -1) {
			if (callout->next == callout->record->server_count ||
			    (callout->next > 0 && deadline_left(callout->deadline) == 0)) {
				callout->done = true;
				return;
			}
			connect_next(callout);
			if (callout->connecting && callout->fd != -1)
				return;
		} else if (callout->connecting) {
			step_connecting(callout);
			if (callout->connecting)
				return;
		} else if (!step_talking(callout)) {
			return;
		}
	}
}

void
callout_start(struct callout *callout, const struct record *record, const char *self,
    const char *path, bool needs_utf8, int64_t deadline, callout_watch *watcher,
    void *watch_context)
{
	callout->done = false;
	callout->fd = -1;
	callout->events = 0;
	callout->wake = deadline;
	callout->host[0] = '\0';
	callout->answer.finding = FINDING_TEMPORARY;
	callout->answer.stage = SMTP_CONNECT;
	callout->answer.note = "no-server";
	callout->answer.code = 0;
	callout->answer.enhanced[0] = '\0';
	callout->answer.text[0] = '\0';
	callout->record = record;
	callout->self = self;
	callout->question.helo = record->settings.helo;
	callout->question.sender = "";
	callout->question.path = path;
	callout->question.needs_utf8 = needs_utf8;
	callout->deadline = deadline;
	callout->next = 0;
	callout->connecting = false;
	callout->watch = watcher;
	callout->watch_context = watch_context;
	callout_step(callout);
}

void
callout_stop(struct callout *callout)
{
	hang_up(callout);
	callout->done = true;
}
