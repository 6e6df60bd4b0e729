#include "authdesk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "authanswer.h"
#include "authchildren.h"
#include "authlog.h"
#include "authrecipient.h"
#include "base/deadline.h"

#define READ_TIME  10000 /* ms, for the whole request */
#define KEEP_TIME  100   /* of it when all places are taken: nginx sends its request at once */
#define TELL_AGAIN 60000 /* ms of quiet before it is logged anew that all are taken */
#define TAKEN_MAX  64    /* connections at a time, then those that are there have their turn */
#define PAUSE_TIME 100   /* ms, when there are no descriptors for another connection */

static int wake_pipe[2]; /* signals */
static volatile sig_atomic_t child_ended, told_to_stop;

static void
on_signal(int number)
{
	int saved = errno;

	if (number == SIGCHLD)
		child_ended = 1;
	else
		told_to_stop = 1;
	(void)!write(wake_pipe[1], "", 1);
	errno = saved;
}

int
authdesk_start(struct authdesk *desk)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	desk->live.fd = -1;
	desk->live.hurried = true;
	desk->queue.checker = &desk->checker;
	if (servequeue_start(&desk->queue) == -1 ||
	    pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGCHLD, &action, NULL) == -1)
		return -1;
	return desk->listener == -1 ? 0 : sigaction(SIGTERM, &action, NULL);
}

int
authdesk_add(struct authdesk *desk, int in, int out)
{
	size_t number = 0;

	while (number < desk->made && desk->used[number])
		number++;
	if (number == AUTHDESK_SESSIONS) {
		errno = EMFILE;
		return -1;
	}
	if (number == desk->made) {
		desk->sessions[number] = calloc(1, sizeof(*desk->sessions[number]));
		if (desk->sessions[number] == NULL)
			return -1;
		desk->made++;
	}
	desk->used[number] = true;
	desk->open++;
	authsession_start(desk->sessions[number], in, out, deadline_now() + READ_TIME);
	return 0;
}

static void
end_session(struct authdesk *desk, size_t number)
{
	authsession_end(desk->sessions[number]);
	desk->used[number] = false;
	desk->open--;
}

/* Whoever has been silent for the longest; AUTHDESK_SESSIONS: nobody is. */
static size_t
find_silent(const struct authdesk *desk)
{
	size_t oldest = AUTHDESK_SESSIONS;

	for (size_t i = 0; i < desk->made; i++)
		if (desk->used[i] && desk->sessions[i]->state == AUTHSESSION_READING &&
		    (oldest == AUTHDESK_SESSIONS ||
			desk->sessions[i]->deadline < desk->sessions[oldest]->deadline))
			oldest = i;
	return oldest;
}

/* When he will have had his time (deadline.h); INT64_MAX: there is none. */
static int64_t
silence_ends(const struct authdesk *desk, size_t silent)
{
	return silent == AUTHDESK_SESSIONS
	    ? INT64_MAX
	    : desk->sessions[silent]->deadline - READ_TIME + KEEP_TIME;
}

/* When there will be a place for one more. */
static int64_t
room_time(const struct authdesk *desk)
{
	return desk->open < AUTHDESK_SESSIONS ? 0 : silence_ends(desk, find_silent(desk));
}

/* Who connects and says nothing, be he one or a thousand, must not keep others out. */
static bool
make_room(struct authdesk *desk)
{
	size_t silent = find_silent(desk);
	int64_t now = deadline_now();

	if (silence_ends(desk, silent) > now)
		return false;
	end_session(desk, silent);
	if (desk->full_told == 0 || now - desk->full_told >= TELL_AGAIN)
		authlog_trouble(desk,
		    "all connections are taken: those that say nothing are closed, the oldest "
		    "first");
	desk->full_told = now;
	return true;
}

/* Returns false when no more are to be taken for a moment. */
static bool
take_connections(struct authdesk *desk)
{
	for (int i = 0; i < TAKEN_MAX && room_time(desk) <= deadline_now(); i++) {
		int fd = accept4(desk->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd == -1 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
			return true;
		if (fd == -1 && (errno == EMFILE || errno == ENFILE) && make_room(desk))
			continue;
		if (fd == -1)
			return false;
		if ((desk->open == AUTHDESK_SESSIONS && !make_room(desk)) ||
		    authdesk_add(desk, fd, fd) == -1) {
			close(fd);
			return false;
		}
	}
	return true;
}

static void
take_signals(struct authdesk *desk)
{
	char bytes[64];

	while (read(wake_pipe[0], bytes, sizeof(bytes)) > 0)
		;
	if (child_ended) {
		child_ended = 0;
		authchildren_reap(desk);
	}
	if (told_to_stop && desk->listener != -1) {
		close(desk->listener);
		desk->listener = -1;
		desk->stopping = true;
	}
}

/* The checks of recipients that are done. */
static void
end_checks(struct authdesk *desk)
{
	struct serveitem *item;

	servequeue_begin(&desk->queue);
	while ((item = servequeue_done(&desk->queue)) != NULL) {
		check_count(&desk->checker, item->check);
		authrecipient_answer(desk, desk->sessions[item->question.kind], item->check);
		servequeue_release(&desk->queue);
		servequeue_begin(&desk->queue);
	}
}

/* The time of a state is over. */
static void
expire(struct authdesk *desk, struct authsession *session)
{
	switch (session->state) {
	case AUTHSESSION_PASSWORD:
		authchildren_lose(desk, session->child);
		authanswer_password(desk, session, CHECKPW_TEMPORARY);
		break;
	case AUTHSESSION_WAITING:
		authanswer_password(desk, session, CHECKPW_TEMPORARY);
		break;
	case AUTHSESSION_CONNECTING:
		close(session->probe);
		session->probe = -1;
		authanswer_server(desk, session, LIVE_NO);
		break;
	case AUTHSESSION_READING:
	case AUTHSESSION_WRITING:
		session->state = AUTHSESSION_OVER;
		break;
	case AUTHSESSION_RECIPIENT: /* the check has a time of its own */
	case AUTHSESSION_OVER:
		break;
	}
}

static void
step(struct authdesk *desk, size_t number, short revents)
{
	struct authsession *session = desk->sessions[number];
	int probe = session->probe;

	if (revents != 0) {
		switch (session->state) {
		case AUTHSESSION_READING:
			if (authsession_read(session))
				authanswer_request(desk, session, number);
			break;
		case AUTHSESSION_CONNECTING:
			session->probe = -1;
			authanswer_server(desk, session, live_ended(probe));
			break;
		default:
			break;
		}
	} else if (session->state != AUTHSESSION_RECIPIENT &&
	    session->state != AUTHSESSION_OVER && deadline_left(session->deadline) == 0) {
		expire(desk, session);
	}
	/* As a rule an answer can be sent at once. */
	if (session->state == AUTHSESSION_WRITING)
		authsession_write(session);
	if (session->state == AUTHSESSION_OVER)
		end_session(desk, number);
}

/* Which descriptors, and the session of each. */
struct watch {
	struct pollfd pollfds[2 + SERVEQUEUE_ASKING + AUTHDESK_SESSIONS];
	size_t of[AUTHDESK_SESSIONS];
	nfds_t count, checks, sessions;
	int64_t wake;
};

static void
look(const struct authdesk *desk, struct watch *watch, bool paused)
{
	int64_t room = room_time(desk);
	bool takes = !paused && room <= deadline_now();

	watch->wake = paused ? deadline_now() + PAUSE_TIME : takes ? INT64_MAX : room;
	watch->pollfds[0] = (struct pollfd){.fd = wake_pipe[0], .events = POLLIN};
	watch->pollfds[1] =
	    (struct pollfd){.fd = takes ? desk->listener : -1, .events = POLLIN};
	watch->checks = servequeue_poll(&desk->queue, watch->pollfds + 2, &watch->wake);
	watch->sessions = 0;
	for (size_t i = 0; i < desk->made; i++) {
		const struct authsession *session = desk->sessions[i];

		if (!desk->used[i] || session->state == AUTHSESSION_RECIPIENT)
			continue;
		watch->wake = deadline_earlier(watch->wake, session->deadline);
		watch->of[watch->sessions] = i;
		watch->pollfds[2 + watch->checks + watch->sessions] = authsession_poll(session);
		watch->sessions++;
	}
	watch->count = 2 + watch->checks + watch->sessions;
}

void
authdesk_run(struct authdesk *desk)
{
	static const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
	static struct watch watch;
	bool paused = false;

	while (desk->listener != -1 || desk->open > 0) {
		look(desk, &watch, paused);
		if (poll(watch.pollfds, watch.count,
			watch.wake == INT64_MAX ? -1 : deadline_left(watch.wake)) == -1) {
			/* Short of something: that passes. */
			if (errno != EINTR)
				(void)nanosleep(&moment, NULL);
			for (nfds_t i = 0; i < watch.count; i++)
				watch.pollfds[i].revents = 0;
		}
		servequeue_step(&desk->queue, watch.pollfds + 2);
		for (nfds_t i = 0; i < watch.sessions; i++)
			step(desk, watch.of[i], watch.pollfds[2 + watch.checks + i].revents);
		paused = false;
		if (watch.pollfds[1].revents != 0)
			paused = !take_connections(desk);
		take_signals(desk);
		authchildren_begin(desk);
		end_checks(desk);
	}
}
