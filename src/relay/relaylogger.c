#include "relaylogger.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"
#include "base/syslogger.h"

#define FILE_MAX 512 /* bytes of the name of a file */

static bool to_syslog;
static int64_t unwritten; /* lines */

void
relaylogger_open_syslog(void)
{
	to_syslog = true;
	syslogger_open("relaylog");
}

static bool
has_room(void)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&pollfd, 1, 0) == 1;
}

void
relaylogger_catch_up(void)
{
	struct line line;

	if (unwritten == 0 || !has_room())
		return;
	line_start(&line);
	line_add(
	    &line, "relaylog: trouble=\"this log was not read: lines are missing\" reason=");
	line_add_number(&line, unwritten);
	(void)line_write(&line, STDERR_FILENO);
	unwritten = 0;
}

static void
write_line(const struct line *line)
{
	if (to_syslog)
		syslogger_write(line->text + strlen("relaylog: "));
	relaylogger_catch_up();
	if (unwritten == 0 && has_room())
		(void)line_write(line, STDERR_FILENO);
	else
		unwritten++;
}

void
relaylogger_pair(const char *key, const char *value, const char *reason)
{
	struct line line;

	line_start(&line);
	line_add(&line, "relaylog:");
	line_pair(&line, key, value);
	if (reason != NULL)
		line_pair(&line, "reason", reason);
	write_line(&line);
}

void
relaylogger_match(const struct match *match, enum match_result result)
{
	struct line line;

	line_start(&line);
	line_add(&line, "relaylog:");
	line_pair_bytes(&line, "address", match->by.ip, match->by.ip_len);
	line_pair_bytes(&line, "user", match->by.user, match->by.user_len);
	line_pair(&line, "source", match->by.name);
	if (result == MATCH_REFUSED || match->refused != NULL)
		line_pair(&line, "ignored", match->refused);
	write_line(&line);
}

void
relaylogger_at(const char *file, unsigned number, const char *reason)
{
	struct line line;

	line_start(&line);
	line_add(&line, "relaylog: ");
	line_add_foreign(&line, file, strlen(file), FILE_MAX);
	line_add(&line, ":");
	line_add_number(&line, number);
	line_add(&line, ": ");
	line_add_foreign(&line, reason, strlen(reason), 256);
	write_line(&line);
}
