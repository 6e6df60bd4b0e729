#include "refresh.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"

#define TEMPFAIL 111

static const int handed_on[] = {
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT};

static sigset_t before;

static void
make_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++)
		sigaddset(set, handed_on[i]);
	sigaddset(set, SIGCHLD);
}

int
refresh_start(pid_t *child)
{
	sigset_t set;

	make_set(&set);
	if (sigprocmask(SIG_BLOCK, &set, &before) == -1)
		return -1;
	*child = fork();
	if (*child > 0) {
		/* An ignored SIGCHLD would take the exit code away. */
		signal(SIGCHLD, SIG_DFL);
		return 1;
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return *child == 0 ? 0 : -1;
}

/* As the child did. A signal that does not end us after all has a code. */
static _Noreturn void
end_as(int status)
{
	if (WIFSIGNALED(status)) {
		struct rlimit no_core = {0, 0};
		sigset_t set;

		(void)setrlimit(RLIMIT_CORE, &no_core);
		signal(WTERMSIG(status), SIG_DFL);
		sigemptyset(&set);
		sigaddset(&set, WTERMSIG(status));
		(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
		(void)kill(getpid(), WTERMSIG(status));
		_exit(TEMPFAIL);
	}
	_exit(WEXITSTATUS(status));
}

static bool
has_ended(pid_t child, int *status)
{
	pid_t pid;

	do
		pid = waitpid(child, status, WNOHANG);
	while (pid == -1 && errno == EINTR);
	if (pid == -1)
		_exit(TEMPFAIL);
	return pid == child;
}

_Noreturn void
refresh_wait(pid_t child, int64_t every, int64_t (*again)(void *context), void *context)
{
	int64_t next = deadline_now() + every;
	sigset_t set;
	int status;

	make_set(&set);
	for (;;) {
		int left = deadline_left(next), number;
		struct timespec wait = {left / 1000, left % 1000 * 1000000L};

		if (has_ended(child, &status))
			end_as(status);
		number = sigtimedwait(&set, NULL, &wait);
		if (number > 0 && number != SIGCHLD)
			(void)kill(child, number);
		if (deadline_left(next) == 0)
			next = deadline_now() + again(context);
	}
}
