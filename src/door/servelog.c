#include "servelog.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"

static bool to_syslog;

/* Postfix's spawn has one socket for all three. */
static bool
stderr_is_protocol(void)
{
	struct stat error, other;

	if (fstat(STDERR_FILENO, &error) == -1 || !S_ISSOCK(error.st_mode))
		return false;
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
		if (fstat(fd, &other) == 0 && other.st_dev == error.st_dev &&
		    other.st_ino == error.st_ino)
			return true;
	return false;
}

int
servelog_open(const char *name, bool quiet)
{
	bool protocol = stderr_is_protocol();
	int plugged;

	if (descriptors_plug(STDIN_FILENO) == -1 || descriptors_plug(STDOUT_FILENO) == -1)
		return -1;
	plugged = descriptors_plug(STDERR_FILENO);
	if (plugged == -1 || ((protocol || quiet) && descriptors_silence(STDERR_FILENO) == -1))
		return -1;
	to_syslog = plugged == 1 || protocol || quiet;
	if (to_syslog) {
		/* Now: root may be locked up in the cache's folder later. */
		tzset();
		openlog(name, LOG_PID | LOG_NDELAY, LOG_MAIL);
	}
	return to_syslog;
}

void
servelog_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};
	const char *text = strchr(line->text, ' '); /* syslog has our name */

	if (to_syslog)
		syslog(LOG_INFO, "%s", text != NULL ? text + 1 : line->text);
	else if (poll(&pollfd, 1, 0) == 1)
		(void)line_write(line, STDERR_FILENO);
}
