#include "wrapask.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"

static void
start(struct wrapask *ask, struct wrapask_job *job, const char *sender, const char *helo)
{
	char sender_is[WRAPCOMMAND_PATH_SIZE + 8], recipient_is[WRAPCOMMAND_PATH_SIZE + 16];
	char helo_is[WRAPCOMMAND_NAME_SIZE + 8], fd4_is[] = "USE_FD4=1";
	char *added[] = {sender_is, recipient_is, helo_is, fd4_is, NULL};
	int ends[2];

	snprintf(sender_is, sizeof(sender_is), "SENDER=%s", sender);
	snprintf(recipient_is, sizeof(recipient_is), "RECIPIENT=%s", job->recipient);
	snprintf(helo_is, sizeof(helo_is), "HELO=%s", helo);
	job->state = WRAPASK_DONE;
	if (wrapspawn_pipe(ends, 0) == -1) {
		wrapanswer_fail(&job->answer, "no pipe for the check", errno);
		return;
	}
	job->child =
	    wrapspawn_start(ask->program, NULL, &ask->environment, added, -1, -1, ends[1]);
	if (job->child == -1)
		wrapanswer_fail(&job->answer, "the check can't be started", errno);
	close(ends[1]);
	if (job->child == -1) {
		close(ends[0]);
		return;
	}
	job->reply = ends[0];
	job->state = WRAPASK_RUNNING;
}

void
wrapask_ask(struct wrapask *ask, int number, const char *recipient, const char *sender,
    const char *helo, int64_t now)
{
	struct wrapask_job *job = &ask->jobs[number];

	job->recipient = recipient;
	job->deadline = now + ask->wait;
	if (ask->keeps)
		wrapkeep_ask(ask, number);
	else
		start(ask, job, sender, helo);
}

nfds_t
wrapask_poll(const struct wrapask *ask, struct pollfd *pollfds)
{
	nfds_t count = 0;

	if (ask->keep.child == 0)
		return 0;
	pollfds[count++] = (struct pollfd){.fd = ask->keep.from, .events = POLLIN};
	if (ask->keep.out_len > 0)
		pollfds[count++] = (struct pollfd){.fd = ask->keep.to, .events = POLLOUT};
	return count;
}

int64_t
wrapask_wake(const struct wrapask *ask)
{
	int64_t wake = INT64_MAX;

	for (size_t i = 0; i < WRAPSESSION_QUESTIONS; i++)
		if (ask->jobs[i].state == WRAPASK_RUNNING)
			wake = deadline_earlier(wake, ask->jobs[i].deadline);
	return wake;
}

/* Its process ended with this status. */
static void
finish(struct wrapask_job *job, int status)
{
	char text[WRAPREPLY_SIZE + 8]; /* what is longer is cut by wrapanswer_exit as well */
	ssize_t len = read(job->reply, text, sizeof(text));

	wrapanswer_exit(&job->answer, status, text, len > 0 ? (size_t)len : 0);
	close(job->reply);
	job->state = WRAPASK_DONE;
}

static void
step(struct wrapask_job *job, int64_t now)
{
	int status;
	pid_t ended = waitpid(job->child, &status, WNOHANG);

	if (ended == job->child) {
		finish(job, status);
	} else if (ended == -1 && errno != EINTR) {
		close(job->reply);
		wrapanswer_fail(&job->answer, "the check was lost", errno);
		job->state = WRAPASK_DONE;
	} else if (now >= job->deadline) {
		wrapspawn_stop(job->child);
		close(job->reply);
		wrapanswer_fail(&job->answer, "the check took too long", -1);
		job->state = WRAPASK_DONE;
	}
}

void
wrapask_step(struct wrapask *ask, int64_t now)
{
	if (ask->keeps) {
		wrapkeep_step(ask, now);
		return;
	}
	for (size_t i = 0; i < WRAPSESSION_QUESTIONS; i++)
		if (ask->jobs[i].state == WRAPASK_RUNNING)
			step(&ask->jobs[i], now);
}

void
wrapask_end(struct wrapask *ask, int64_t until)
{
	if (ask->keeps) {
		wrapkeep_end(ask, until);
		return;
	}
	for (size_t i = 0; i < WRAPSESSION_QUESTIONS; i++) {
		if (ask->jobs[i].state == WRAPASK_RUNNING) {
			wrapspawn_stop(ask->jobs[i].child);
			close(ask->jobs[i].reply);
			ask->jobs[i].state = WRAPASK_IDLE;
		}
	}
}
