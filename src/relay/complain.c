#include "complain.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/line.h"
#include "base/remark.h"
#include "base/syslogger.h"

static void
write_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, pipe, size;

	/* The next program gets both signals as we got them. */
	if (poll(&pollfd, 1, 0) != 1 || sigaction(SIGPIPE, &ignore, &pipe) == -1 ||
	    sigaction(SIGXFSZ, &ignore, &size) == -1)
		return;
	(void)line_write(line, STDERR_FILENO);
	(void)sigaction(SIGPIPE, &pipe, NULL);
	(void)sigaction(SIGXFSZ, &size, NULL);
}

void
complain(const char *program, const char *what, const char *detail)
{
	struct line line;
	int saved = errno;
	bool to_syslog = descriptors_stderr_is_protocol();

	line_start(&line);
	if (!to_syslog) {
		line_add(&line, program);
		line_add(&line, ": ");
	}
	remark(&line, what, detail);
	if (to_syslog) {
		syslogger_open(program);
		syslogger_write(line.text);
	} else {
		write_line(&line);
	}
	errno = saved;
}
