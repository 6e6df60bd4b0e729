#include "syslogger.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PRIORITY (2 * 8 + 6) /* facility mail, severity info */
#define LINE_MAX 2048

static int log_fd = -1;
static time_t tried; /* to connect */
static const char *log_name;

static int
connect_to_daemon(time_t now)
{
	static const struct sockaddr_un address = {
	    .sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	tried = now;
	if (fd != -1 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void
syslogger_open(const char *name)
{
	tzset(); /* before its file is out of sight */
	log_name = name;
	log_fd = connect_to_daemon(time(NULL));
}

void
syslogger_close(void)
{
	if (log_fd != -1)
		close(log_fd);
	log_fd = -1;
}

void
syslogger_write(const char *text)
{
	char line[LINE_MAX], stamp[sizeof("Nov 21 17:00:00")];
	time_t now = time(NULL);
	struct tm tm;
	size_t len;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm) == 0)
		stamp[0] = '\0';
	snprintf(line, sizeof(line), "<%d>%s %s[%ld]: %s", PRIORITY, stamp, log_name,
	    (long)getpid(), text);
	len = strlen(line);
	if (log_fd == -1 && now != tried)
		log_fd = connect_to_daemon(now); /* there was none */
	if (log_fd != -1 && send(log_fd, line, len, MSG_NOSIGNAL) == -1 &&
	    (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET)) {
		/* Another daemon has taken its place. */
		close(log_fd);
		log_fd = connect_to_daemon(now);
		if (log_fd != -1)
			(void)send(log_fd, line, len, MSG_NOSIGNAL);
	}
}
