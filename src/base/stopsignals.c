#include "stopsignals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static int stop_pipe[2] = {-1, -1};

static void
stop(int signal_number)
{
	int saved = errno;

	(void)signal_number;
	(void)!write(stop_pipe[1], "", 1);
	errno = saved;
}

int
stopsignals_catch(void)
{
	struct sigaction action = {.sa_handler = stop};

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	return stop_pipe[0];
}
