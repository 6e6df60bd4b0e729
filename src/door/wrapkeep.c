/*
 * One rcptcheck -b for all questions of a session (wrapask.h).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "wrapask.h"

/* Gives it up: all who wait for it get no answer. */
static void
fail(struct wrapask *ask, const char *trouble, int number)
{
	struct wrapask_keep *keep = &ask->keep;

	if (keep->child != 0) {
		wrapspawn_stop(keep->child);
		close(keep->to);
		close(keep->from);
	}
	keep->child = 0;
	keep->failures++;
	for (size_t i = 0; i < keep->count; i++) {
		struct wrapask_job *job = &ask->jobs[keep->queue[i]];

		wrapanswer_fail(&job->answer, trouble, number);
		job->state = WRAPASK_DONE;
	}
	keep->count = keep->out_len = keep->in_len = 0;
}

/* Returns 0, or -1 with errno. */
static int
start(struct wrapask *ask)
{
	struct wrapask_keep *keep = &ask->keep;
	char log_is[32] = "";
	char *added[] = {ask->log != NULL ? log_is : NULL, NULL};
	int to[2], from[2], error;

	if (ask->log != NULL)
		snprintf(log_is, sizeof(log_is), "RCPTCHECK_LOG=%s", ask->log);
	if (wrapspawn_pipe(to, 1) == -1)
		return -1;
	if (wrapspawn_pipe(from, 0) == -1) {
		error = errno;
		close(to[0]);
		close(to[1]);
		errno = error;
		return -1;
	}
	keep->child =
	    wrapspawn_start(ask->program, "-b", &ask->environment, added, to[0], from[1], -1);
	error = errno;
	close(to[0]);
	close(from[1]);
	if (keep->child == -1) {
		close(to[1]);
		close(from[0]);
		keep->child = 0;
		errno = error;
		return -1;
	}
	keep->to = to[1];
	keep->from = from[0];
	return 0;
}

/* Writes as much as it takes now. */
static void
send_questions(struct wrapask *ask)
{
	struct wrapask_keep *keep = &ask->keep;
	ssize_t n;

	while (keep->out_len > 0) {
		n = write(keep->to, keep->out, keep->out_len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			if (errno != EAGAIN)
				fail(ask, "the check does not listen", errno);
			return;
		}
		keep->out_len -= (size_t)n;
		memmove(keep->out, keep->out + n, keep->out_len);
	}
}

void
wrapkeep_ask(struct wrapask *ask, int number)
{
	struct wrapask_keep *keep = &ask->keep;
	struct wrapask_job *job = &ask->jobs[number];
	size_t len = strlen(job->recipient);

	if (keep->child == 0 && (keep->failures > WRAPASK_RESTARTS || start(ask) == -1)) {
		if (keep->failures > WRAPASK_RESTARTS) {
			wrapanswer_fail(&job->answer, "the check failed too often", -1);
		} else {
			keep->failures++;
			wrapanswer_fail(&job->answer, "the check can't be started", errno);
		}
		job->state = WRAPASK_DONE;
		return;
	}
	job->state = WRAPASK_RUNNING;
	keep->queue[keep->count++] = number;
	memcpy(keep->out + keep->out_len, job->recipient, len);
	keep->out_len += len;
	keep->out[keep->out_len++] = '\n';
	send_questions(ask);
}

/* Takes the line off as the answer to the oldest question. Returns false when it is none. */
static bool
take_answer(struct wrapask *ask, const char *line, size_t len)
{
	struct wrapask_keep *keep = &ask->keep;
	struct wrapask_job *job;

	if (keep->count == 0)
		return false;
	job = &ask->jobs[keep->queue[0]];
	if (!wrapanswer_line(&job->answer, job->recipient, line, len))
		return false;
	job->state = WRAPASK_DONE;
	keep->count--;
	memmove(keep->queue, keep->queue + 1, keep->count * sizeof(keep->queue[0]));
	return true;
}

static void
take_answers(struct wrapask *ask)
{
	struct wrapask_keep *keep = &ask->keep;
	const char *end;

	while ((end = memchr(keep->in, '\n', keep->in_len)) != NULL) {
		size_t len = (size_t)(end - keep->in);

		if (!take_answer(ask, keep->in, len)) {
			fail(ask, "the check's answer makes no sense", -1);
			return;
		}
		keep->in_len -= len + 1;
		memmove(keep->in, end + 1, keep->in_len);
	}
	if (keep->in_len == sizeof(keep->in))
		fail(ask, "the check's answer has no end", -1);
}

void
wrapkeep_step(struct wrapask *ask, int64_t now)
{
	struct wrapask_keep *keep = &ask->keep;
	ssize_t n;

	while (keep->child != 0) {
		n = read(keep->from, keep->in + keep->in_len, sizeof(keep->in) - keep->in_len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n <= 0) {
			fail(ask, "the check hung up", n == 0 ? -1 : errno);
			return;
		}
		keep->in_len += (size_t)n;
		take_answers(ask);
	}
	if (keep->child != 0)
		send_questions(ask);
	if (keep->child != 0 && keep->count > 0 && now >= ask->jobs[keep->queue[0]].deadline)
		fail(ask, "the check took too long", -1);
}

void
wrapkeep_end(struct wrapask *ask, int64_t until)
{
	struct wrapask_keep *keep = &ask->keep;
	sigset_t child_ends;
	pid_t ended = 0;

	if (keep->child == 0)
		return;
	close(keep->to);
	close(keep->from);
	sigemptyset(&child_ends);
	sigaddset(&child_ends, SIGCHLD);
	while (keep->count == 0 && (ended = waitpid(keep->child, NULL, WNOHANG)) == 0) {
		int left = deadline_left(until);
		struct timespec wait = {left / 1000, left % 1000 * 1000000L};

		if (left == 0)
			break;
		(void)sigtimedwait(&child_ends, NULL, &wait); /* it is blocked */
	}
	if (ended != keep->child)
		wrapspawn_stop(keep->child);
	keep->child = 0;
}
