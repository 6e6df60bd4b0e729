#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "connection.h"

#define INPUT_SIZE      4096 /* bytes that one step takes, so that no server holds up another */
#define SLOW_CONNECTION 1500 /* ms; talk.c says why */
#define CLOSING_TIME    1000 /* ms that a server has to say goodbye */
#define NEW_FOR         1000 /* ms that a connection is new to those who ask */

static void
watch(const struct link *link, char direction, const char *bytes, size_t len)
{
	if (link->terms->watch != NULL)
		link->terms->watch(link, direction, bytes, len);
}

static void
wait_for_reply(struct link *link)
{
	link->events = POLLIN;
	patience_for_reply(&link->patience, link->state == LINK_ASKING);
}

static void
close_now(struct link *link)
{
	tlsclient_free(link->tls);
	link->tls = NULL;
	if (link->fd != -1)
		close(link->fd);
	link->fd = -1;
	patience_end(&link->patience);
	if (link->state == LINK_ASKING)
		link->landed = true;
	link->state = LINK_GONE;
}

void
link_drop(struct link *link, const char *note)
{
	if (link->state == LINK_GONE)
		return;
	if (link->smtp.state == SMTP_SECURING && !link->tls_failed) {
		link->tls_failed = true;
		snprintf(link->tls_reason, sizeof(link->tls_reason), "TLS: %s", note);
	}
	smtp_lost(&link->smtp, note);
	watch(link, '=', note, strlen(note));
	close_now(link);
}

/* It can be asked, and the flight, if there was one, is over. */
static void
get_ready(struct link *link)
{
	if (link->state == LINK_ASKING)
		link->landed = true;
	link->state = LINK_READY;
	link->greeted = true;
	link->landed_at = deadline_now();
	link->events = POLLIN;
	patience_end(&link->patience);
}

/* Nothing has come. Returns false when the wait is over. */
static bool
go_on_waiting(struct link *link)
{
	switch (patience_look(&link->patience)) {
	case PATIENCE_ON:
		return true;
	case PATIENCE_SLOW:
		link->slow = true;
		return true;
	case PATIENCE_OVER:
		break;
	}
	if (link->smtp.state == SMTP_LISTENING) {
		smtp_listened(&link->smtp);
		get_ready(link);
	} else {
		link->late = link->patience.silence == 0;
		link_drop(link, link->late ? "timeout" : "silent");
	}
	return false;
}

static ssize_t
put(struct link *link, const char *bytes, size_t len)
{
	if (link->tls != NULL)
		return tlsclient_write(link->tls, bytes, len);
	return send(link->fd, bytes, len, MSG_NOSIGNAL);
}

/* A few kilobytes into an empty socket buffer: what does not fit is a lost connection. */
static bool
send_output(struct link *link)
{
	struct smtp *smtp = &link->smtp;
	size_t len = smtp->out_len;

	if (len == 0)
		return true;
	smtp->out_len = 0;
	watch(link, '>', smtp->out, len);
	if (put(link, smtp->out, len) != (ssize_t)len) {
		link_drop(link, "lost");
		return false;
	}
	connection_hurry(link->fd);
	return true;
}

static void
begin_closing(struct link *link)
{
	if (!send_output(link))
		return;
	if (link->state == LINK_ASKING)
		link->landed = true;
	link->state = LINK_CLOSING;
	if (link->tls == NULL)
		shutdown(link->fd, SHUT_WR);
	link->events = POLLIN;
	patience_begin(&link->patience, CLOSING_TIME, CLOSING_TIME);
}

static void
fail_tls(struct link *link, const char *reason)
{
	snprintf(link->tls_reason, sizeof(link->tls_reason), "%s", reason);
	link->tls_failed = true;
	link_drop(link, "tls-failed");
}

static void
step_tls(struct link *link)
{
	switch (tlsclient_handshake(link->tls)) {
	case TLSCLIENT_DONE:
		watch(link, '=', "tls", 3);
		smtp_secured(&link->smtp);
		if (send_output(link))
			wait_for_reply(link);
		break;
	case TLSCLIENT_WANT_READ:
		link->events = POLLIN;
		(void)go_on_waiting(link);
		break;
	case TLSCLIENT_WANT_WRITE:
		link->events = POLLOUT;
		(void)go_on_waiting(link);
		break;
	case TLSCLIENT_FAILED:
		fail_tls(link, tlsclient_reason(link->tls));
		break;
	}
}

static void
begin_tls(struct link *link)
{
	const struct link_terms *terms = link->terms;

	link->tls = tlsclient_start(
	    terms->tls_context, link->fd, terms->tls == SMTP_TLS_MUST ? terms->tls_name : "");
	if (link->tls == NULL)
		fail_tls(link, "TLS cannot begin");
	else
		step_tls(link);
}

/* The machine has moved. */
static void
follow(struct link *link)
{
	size_t current = link->smtp.current;

	switch (link->smtp.state) {
	case SMTP_OPENING:
		if (link->smtp.out_len > 0 && send_output(link))
			wait_for_reply(link);
		break;
	case SMTP_SECURING:
		begin_tls(link);
		break;
	case SMTP_READY:
		get_ready(link);
		break;
	case SMTP_LISTENING:
		link->events = POLLIN;
		patience_listen(&link->patience);
		break;
	case SMTP_ASKING:
		/* A byte now and then does not move a time-out, a whole answer does. */
		if (link->smtp.out_len > 0 || current > link->current) {
			link->current = current;
			if (send_output(link))
				wait_for_reply(link);
		}
		break;
	case SMTP_CLOSED:
		/* More came behind the reply to STARTTLS: somebody wants us to read it as sent by TLS. */
		if (link->smtp.stage == SMTP_STARTTLS && link->smtp.answer.note != NULL &&
		    strcmp(link->smtp.answer.note, "out-of-step") == 0)
			fail_tls(link, "TLS: more than a reply to STARTTLS");
		else if (link->smtp.out_len > 0)
			begin_closing(link);
		else
			close_now(link);
		break;
	}
}

static void
begin_talking(struct link *link)
{
	struct smtp_terms terms = {.helo = link->terms->helo, .tls = link->terms->tls};

	connection_ends(link->fd, &terms);
	smtp_start(&link->smtp, &terms);
	link->connecting = false;
	wait_for_reply(link);
}

static void
step_connecting(struct link *link)
{
	const char *note;

	switch (connection_check(link->fd, &note)) {
	case 1:
		begin_talking(link);
		break;
	case 0:
		(void)go_on_waiting(link);
		break;
	default:
		link_drop(link, note);
	}
}

static ssize_t
get(struct link *link, char *bytes, size_t size)
{
	ssize_t n;

	if (link->tls != NULL)
		n = tlsclient_read(link->tls, bytes, size);
	else
		n = recv(link->fd, bytes, size, 0);
	if (link->tls != NULL && n == -1)
		link->events = tlsclient_events(link->tls);
	return n;
}

static void
step_talking(struct link *link)
{
	char bytes[INPUT_SIZE];
	ssize_t n = get(link, bytes, sizeof(bytes));

	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		if (link->state != LINK_READY)
			(void)go_on_waiting(link);
		return;
	}
	if (n <= 0) {
		link_drop(link, "lost");
		return;
	}
	if (link->state == LINK_CLOSING) {
		(void)go_on_waiting(link);
		return;
	}
	link->events = POLLIN;
	if (link->state == LINK_ASKING && patience_hear(&link->patience))
		wait_for_reply(link);
	watch(link, '<', bytes, (size_t)n);
	smtp_input(&link->smtp, bytes, (size_t)n);
	follow(link);
	if (link->state == LINK_OPENING || link->state == LINK_ASKING)
		(void)go_on_waiting(link);
}

void
link_step(struct link *link)
{
	if (link->state == LINK_GONE)
		return;
	if (link->connecting) {
		step_connecting(link);
		return;
	}
	if (link->smtp.state == SMTP_SECURING) {
		step_tls(link);
		return;
	}
	do
		step_talking(link);
	while (link->state != LINK_GONE && link->tls != NULL && tlsclient_pending(link->tls));
}

struct link *
link_open(const struct link_terms *terms, uint32_t connect_timeout, uint32_t command_timeout)
{
	static const struct smtp_terms nothing = {.helo = ""};
	struct link *link = calloc(1, sizeof(*link));
	int64_t full = (int64_t)connect_timeout * 1000;
	const char *note;

	if (link == NULL)
		return NULL;
	link->terms = terms;
	link->state = LINK_OPENING;
	link->connecting = true;
	link->events = POLLOUT;
	link->patience.command_timeout = command_timeout;
	link->opened = deadline_now();
	smtp_start(&link->smtp, &nothing); /* so that it can be lost */
	link->smtp.stage = SMTP_CONNECT;
	link->fd = connection_begin(&terms->server, &note);
	if (link->fd == -1)
		link_drop(link, note);
	else
		patience_begin(&link->patience, full,
		    full / 2 < SLOW_CONNECTION ? full / 2 : SLOW_CONNECTION);
	return link;
}

void
link_add(struct link *link, const struct smtp_ask *ask, void *owner)
{
	struct link_asker *asker = &link->askers[link->count];
	struct smtp_ask *copy = &link->asks[link->count++];

	asker->owner = owner;
	snprintf(asker->path, sizeof(asker->path), "%s", ask->path);
	snprintf(asker->sender, sizeof(asker->sender), "%s", ask->sender);
	copy->path = asker->path;
	copy->sender = asker->sender;
	copy->needs_utf8 = ask->needs_utf8;
	copy->joins = ask->joins;
}

bool
link_is_kept(const struct link *link)
{
	return link->smtp.asked > 0 || deadline_now() - link->landed_at > NEW_FOR;
}

void
link_fly(struct link *link, uint32_t command_timeout, int64_t silence)
{
	patience_fly(&link->patience, command_timeout, link_is_kept(link) ? silence : 0);
	link->state = LINK_ASKING;
	link->current = 0;
	link->landed = false;
	link->slow = false;
	link->asked_at = deadline_now();
	link->mails = link->smtp.mails;
	smtp_ask(&link->smtp, link->asks, link->count);
	if (send_output(link))
		wait_for_reply(link);
}

bool
link_works(const struct link *link)
{
	return link->state == LINK_READY || link->state == LINK_ASKING;
}

void
link_quit(struct link *link)
{
	link->quit = true;
	smtp_quit(&link->smtp);
	begin_closing(link);
}

void
link_free(struct link *link)
{
	if (link->state != LINK_GONE)
		link_drop(link, "stopped");
	free(link);
}
