#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "connection.h"

/*
 * A connection that takes longer has lost two packets, or nobody is there: the second is sent
 * after one second (RFC 6298 2). A reply may take longer, the usual tarpits and greeting delays
 * are of 5 or 6 s; and longer still where it takes a look at the user.
 */
#define SLOW_CONNECTION 1500 /* ms */

static void
watch(const struct talk *talk, char direction, const char *bytes, size_t len)
{
	if (talk->terms->watch != NULL)
		talk->terms->watch(talk->terms->watch_context, direction, bytes, len);
}

/* Begins a wait of so many seconds, which the deadline may cut short. */
static void
wait_for(struct talk *talk, short events, uint32_t seconds)
{
	int64_t now = deadline_now(), full = (int64_t)seconds * 1000, slow = full / 2;

	if (talk->dialogue.smtp.stage >= SMTP_RSET)
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
	if (talk->dialogue.inquiry.answer.note != NULL)
		watch(talk, '=', talk->dialogue.inquiry.answer.note,
		    strlen(talk->dialogue.inquiry.answer.note));
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
	dialogue_lost(&talk->dialogue, note);
	end(talk);
}

static void
time_out(struct talk *talk)
{
	talk->timed_out = talk->late_at < talk->terms->deadline;
	talk_stop(talk, "timeout");
}

static void
send_output(struct talk *talk)
{
	struct smtp *smtp = &talk->dialogue.smtp;

	if (smtp->out_len == 0)
		return;
	watch(talk, '>', smtp->out, smtp->out_len);
	/*
	 * A few hundred bytes into an empty socket buffer: what does not fit is a lost
	 * connection.
	 */
	if (send(talk->fd, smtp->out, smtp->out_len, MSG_NOSIGNAL) != (ssize_t)smtp->out_len)
		dialogue_lost(&talk->dialogue, "lost");
	smtp->out_len = 0;
	connection_hurry(talk->fd);
	wait_for(talk, POLLIN, talk->terms->command_timeout);
}

static void
begin_dialogue(struct talk *talk)
{
	struct smtp_terms terms = {.helo = talk->terms->helo, .tls = SMTP_TLS_NONE};

	connection_ends(talk->fd, &terms);
	dialogue_start(&talk->dialogue, &terms);
	talk->connecting = false;
	wait_for(talk, POLLIN, talk->terms->command_timeout);
}
static void
step_connecting(struct talk *talk)
{
	const char *note;

	switch (connection_check(talk->fd, &note)) {
	case 1:
		begin_dialogue(talk);
		break;
	case 0:
		if (is_late(talk))
			time_out(talk);
		break;
	default:
		talk_stop(talk, note);
	}
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
	dialogue_input(&talk->dialogue, bytes, (size_t)n);
	send_output(talk);
	if (talk->dialogue.inquiry.done)
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
	const char *note;

	talk->done = false;
	talk->timed_out = false;
	talk->terms = terms;
	talk->connecting = true;
	dialogue_prepare(&talk->dialogue, question);
	talk->fd = connection_begin(server, &note);
	if (talk->fd == -1)
		talk_stop(talk, note);
	else
		wait_for(talk, POLLOUT, terms->connect_timeout);
}
