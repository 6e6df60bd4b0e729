#include "wraprelay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"
#include "wrapask.h"
#include "wraplog.h"
#include "wrapsession.h"
#include "wrapsettings.h"

#define DELAY      1000   /* ms between refusals once there are too many */
#define FLUSH_WAIT 60000  /* ms for the client to take what is left, when the server is gone */
#define QUIET_WAIT 600000 /* ms for a server that owes replies, when the client has ended */
#define LINGER     5000   /* ms for the client to read the last words */
#define KEPT_WAIT  2000   /* ms for rcptcheck -b to end by itself */

enum side { FROM_CLIENT, TO_CLIENT, TO_SERVER, FROM_SERVER, SIDES };

static const struct wraprelay_terms *terms;
static struct wrapsession session;
static struct wrapask ask;
static int fds[SIDES]; /* -1: closed */
static bool client_is_socket, knows_limit;
static bool client_gone;       /* neither the server nor a check has anybody to work for */
static unsigned events_logged; /* enum wrapsession_event */
static unsigned refused;       /* answers, told or not yet */
static int64_t delayed_until;  /* the last refusal that is held back */
static int64_t due[WRAPSESSION_QUESTIONS]; /* when an answer is to be told; 0: not known yet */
static int client_flags[2];                /* of descriptors 0 and 1, which others may share */
static volatile sig_atomic_t stopped;      /* by a signal */

/* Signals are let in only while we wait, to end the wait: of a child, or one to stop. */
static void
note_signal(int signal_number)
{
	if (signal_number != SIGCHLD)
		stopped = 1;
}

static void
close_side(enum side side)
{
	if (fds[side] != -1)
		close(fds[side]);
	fds[side] = -1;
}

/* Writes what goes now. Returns false when the other side is gone. */
static bool
drain(enum side side, struct wrapbuffer *buffer)
{
	while (buffer->len > 0 && fds[side] != -1) {
		ssize_t n = write(fds[side], wrapbuffer_head(buffer), buffer->len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN;
		wrapbuffer_drop(buffer, (size_t)n);
	}
	return true;
}

/* Reads what fits. Returns 1, 0 at the end, -1 when the other side is gone. */
static int
fill(enum side side, struct wrapbuffer *buffer)
{
	ssize_t n = read(fds[side], wrapbuffer_tail(buffer), wrapbuffer_room(buffer));

	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 1 : -1;
	buffer->len += (size_t)n;
	return n > 0;
}

static unsigned
limit(void)
{
	if (!knows_limit && !terms->has_limit)
		session.limit = wrapsettings_limit(terms->home);
	knows_limit = true;
	return session.limit;
}

/* When the answer is to be told: behind too many refusals, one after the other, slowly. */
static int64_t
due_time(const struct wrapanswer *answer, int64_t now)
{
	if (answer->accepted || answer->reply[0] != '5' || limit() == 0 ||
	    ++refused <= session.limit)
		return now;
	delayed_until = (delayed_until > now ? delayed_until : now) + DELAY;
	return delayed_until;
}

/* Tells the session what is known. Returns whether that was anything. */
static bool
tell_answers(int64_t now)
{
	bool told = false;

	for (int i = 0; i < WRAPSESSION_QUESTIONS; i++) {
		struct wrapask_job *job = &ask.jobs[i];

		if (job->state != WRAPASK_DONE)
			continue;
		if (due[i] == 0) {
			if (job->answer.trouble != NULL)
				wraplog_answer(job->recipient, &job->answer);
			due[i] = due_time(&job->answer, now);
		}
		if (due[i] > now)
			continue;
		due[i] = 0;
		job->state = WRAPASK_IDLE;
		wrapsession_decide(&session, i, job->answer.accepted, job->answer.reply);
		told = true;
	}
	return told;
}

/* Steps, asks, and is told, until nothing more follows. */
static void
step(int64_t now)
{
	int question;

	do {
		wrapsession_step(&session);
		while ((question = wrapsession_next_question(&session)) != -1)
			wrapask_ask(&ask, question, session.questions[question].recipient,
			    session.sender, session.helo, now);
	} while (tell_answers(now));
	wraplog_events(session.events & ~events_logged, session.hidden);
	events_logged = session.events;
}

/* As far as it goes without waiting: what was written makes room for more. */
static void
go_on(void)
{
	int64_t now = deadline_now();
	size_t unsent;

	wrapask_step(&ask, now);
	do {
		step(now);
		unsent = session.to_client.len + session.to_server.len;
		if (!drain(TO_CLIENT, &session.to_client)) {
			client_gone = true;
			return;
		}
		if (!drain(TO_SERVER, &session.to_server)) {
			/* It may have said why; its end is told by what it says. */
			close_side(TO_SERVER);
			session.to_server.len = 0;
		}
	} while (session.to_client.len + session.to_server.len < unsent);
	if (wrapsession_server_input_over(&session) && session.to_server.len == 0)
		close_side(TO_SERVER);
}

static struct pollfd
wish(enum side side, short events)
{
	/* A client's end is to be seen even where nothing is wanted of it; that of a pipe would
	 * end each wait. */
	bool watched = events != 0 || (side == FROM_CLIENT && client_is_socket);

	return (struct pollfd){.fd = watched ? fds[side] : -1, .events = events};
}

static int64_t
wake_time(int64_t flush_until)
{
	int64_t wake = deadline_earlier(wrapask_wake(&ask), flush_until);

	for (size_t i = 0; i < WRAPSESSION_QUESTIONS; i++)
		if (due[i] != 0)
			wake = deadline_earlier(wake, due[i]);
	return wake;
}

/* Reads where something is. go_on writes. */
static void
move(const struct pollfd pollfds[SIDES])
{
	int result;

	if (pollfds[FROM_CLIENT].revents & (POLLERR | POLLNVAL))
		client_gone = true;
	else if (pollfds[FROM_CLIENT].events == 0 && pollfds[FROM_CLIENT].revents != 0)
		client_gone = true; /* POLLHUP: a socket of which both directions are closed */
	else if (pollfds[FROM_CLIENT].revents != 0) {
		result = fill(FROM_CLIENT, &session.from_client);
		if (result == -1)
			client_gone = true;
		else if (result == 0)
			wrapsession_client_ended(&session);
	}
	if (pollfds[FROM_SERVER].revents != 0 && fill(FROM_SERVER, &session.from_server) <= 0) {
		wrapsession_server_ended(&session);
		close_side(FROM_SERVER);
	}
}

static void
wait_and_move(int64_t flush_until)
{
	struct pollfd pollfds[SIDES + WRAPASK_POLLED] = {
	    [FROM_CLIENT] = wish(FROM_CLIENT, wrapsession_reads_client(&session) ? POLLIN : 0),
	    [FROM_SERVER] = wish(FROM_SERVER, wrapsession_reads_server(&session) ? POLLIN : 0),
	    [TO_CLIENT] = wish(TO_CLIENT, session.to_client.len > 0 ? POLLOUT : 0),
	    [TO_SERVER] = wish(TO_SERVER, session.to_server.len > 0 ? POLLOUT : 0),
	};
	nfds_t count = SIDES + wrapask_poll(&ask, pollfds + SIDES);
	int64_t wake = wake_time(flush_until);
	int left = deadline_left(wake);
	struct timespec timeout = {left / 1000, left % 1000 * 1000000L};
	sigset_t none;

	sigemptyset(&none);
	if (ppoll(pollfds, count, wake == INT64_MAX ? NULL : &timeout, &none) == -1) {
		if (errno != EINTR)
			wraplog("trouble", "poll", errno);
		client_gone = errno != EINTR || stopped;
		return;
	}
	move(pollfds);
}

/* Is the client still saying something? Not when it has said QUIT, or waits for a reply. */
static bool
client_talks(void)
{
	struct pollfd pollfd = {.fd = STDIN_FILENO, .events = POLLIN};

	return session.uncalled || session.events != 0 || session.from_client.len > 0 ||
	    poll(&pollfd, 1, 0) == 1;
}

/*
 * Closing a socket of which not everything was read would make the system tell the client that
 * the connection is lost, and the last reply with it.
 */
static void
linger(void)
{
	static char rest[16384];
	int64_t until = deadline_now() + LINGER;
	struct pollfd pollfd = {.fd = STDIN_FILENO, .events = POLLIN};

	while (deadline_left(until) > 0 && poll(&pollfd, 1, deadline_left(until)) == 1) {
		ssize_t n = read(STDIN_FILENO, rest, sizeof(rest));

		if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
			return;
	}
}

static void
prepare_signals(void)
{
	static const int noted[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
	struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_NOCLDSTOP};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++) {
		struct sigaction before;

		sigaddset(&set, noted[i]);
		/* What we were told to ignore stays so. */
		if (noted[i] == SIGCHLD || sigaction(noted[i], NULL, &before) == -1 ||
		    before.sa_handler != SIG_IGN)
			sigaction(noted[i], &action, NULL);
	}
	sigprocmask(SIG_SETMASK, &set, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static void
prepare(int to_server, int from_server)
{
	static const char *const levels[] = {"trouble", "reject", "all"};
	static const int yes = 1;
	struct settings settings;
	struct stat st;

	fds[FROM_CLIENT] = STDIN_FILENO;
	fds[TO_CLIENT] = STDOUT_FILENO;
	fds[TO_SERVER] = to_server;
	fds[FROM_SERVER] = from_server;
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
		client_flags[fd] = fcntl(fd, F_GETFL); /* before any is set: they may be one */
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
		if (client_flags[fd] != -1)
			(void)fcntl(fd, F_SETFL, client_flags[fd] | O_NONBLOCK);
	/* What goes out is put together here. */
	(void)setsockopt(STDOUT_FILENO, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	client_is_socket = fstat(STDIN_FILENO, &st) == 0 && S_ISSOCK(st.st_mode);
	prepare_signals();
	wrapsession_start(&session, terms->starttls, terms->has_limit ? terms->limit : 0);
	ask.program = terms->program;
	ask.keeps = terms->keeps;
	ask.wait = terms->wait;
	if (wrapspawn_copy_environment(&ask.environment) == -1) {
		wraplog("trouble", "memory", errno);
		client_gone = true;
	}
	/* rcptcheck -b is for lists, and says less than a hook does unless it is told to. */
	if (terms->keeps && getenv("RCPTCHECK_LOG") == NULL) {
		(void)wrapsettings_read(&settings, terms->home);
		ask.log = levels[settings.log];
	}
}

void
wraprelay_run(const struct wraprelay_terms *the_terms, int to_server, int from_server)
{
	int64_t flush_until = INT64_MAX, quiet_until = INT64_MAX;
	bool lingers;

	terms = the_terms;
	prepare(to_server, from_server);
	while (!client_gone) {
		go_on();
		if (client_gone || (wrapsession_over(&session) && session.to_client.len == 0))
			break;
		/*
		 * The server's time-outs end a session, as long as there is one; but one that
		 * waits for an end of file which waits for its reply has none.
		 */
		if (session.client_ended && quiet_until == INT64_MAX)
			quiet_until = deadline_now() + QUIET_WAIT;
		if (wrapsession_over(&session) && flush_until == INT64_MAX)
			flush_until = deadline_now() + FLUSH_WAIT;
		if (deadline_now() >= deadline_earlier(quiet_until, flush_until))
			break;
		wait_and_move(deadline_earlier(quiet_until, flush_until));
	}
	close_side(TO_SERVER);
	close_side(FROM_SERVER);
	lingers = !client_gone && client_is_socket && !session.client_ended && client_talks();
	if (client_is_socket)
		(void)shutdown(STDOUT_FILENO, SHUT_WR);
	wrapask_end(&ask, deadline_now() + (client_gone ? 0 : KEPT_WAIT));
	if (lingers)
		linger();
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
		if (client_flags[fd] != -1)
			(void)fcntl(fd, F_SETFL, client_flags[fd]);
}
