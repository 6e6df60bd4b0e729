#include "servelog.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syslogger.h"

static bool to_syslog;

int
servelog_open(const char *name, bool quiet)
{
	bool protocol = descriptors_stderr_is_protocol();
	int plugged;

	if (descriptors_plug(STDIN_FILENO) == -1 || descriptors_plug(STDOUT_FILENO) != 0)
		return -1;
	plugged = descriptors_plug(STDERR_FILENO);
	if (plugged == -1 || ((protocol || quiet) && descriptors_silence(STDERR_FILENO) == -1))
		return -1;
	to_syslog = plugged == 1 || protocol || quiet;
	if (to_syslog)
		syslogger_open(name);
	return to_syslog;
}

void
servelog_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};
	const char *text = strchr(line->text, ' '); /* syslog has our name */

	if (to_syslog)
		syslogger_write(text != NULL ? text + 1 : line->text);
	else if (poll(&pollfd, 1, 0) == 1)
		(void)line_write(line, STDERR_FILENO);
}
