#include "probelog.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/remark.h"

static uint64_t unwritten; /* lines that nobody took */

void
probelog_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct line lost;

	if (poll(&pollfd, 1, 0) != 1 || line_write(line, STDERR_FILENO) == -1) {
		unwritten++;
		return;
	}
	if (unwritten == 0 || poll(&pollfd, 1, 0) != 1)
		return;
	line_start(&lost);
	line_add(&lost, "rcptprobe: lines of the log that nobody took: ");
	line_add_number(&lost, (int64_t)unwritten);
	unwritten = 0;
	(void)line_write(&lost, STDERR_FILENO);
}

void
probelog(const char *what, const char *detail)
{
	struct line line;

	line_start(&line);
	line_add(&line, "rcptprobe: ");
	remark(&line, what, detail);
	probelog_line(&line);
}

void
probelog_watch(const struct link *link, char direction, const char *bytes, size_t len)
{
	char server[RECORD_SERVER_TEXT];

	record_server_text(server, &link->terms->server);
	while (len > 0) {
		const char *lf = memchr(bytes, '\n', len);
		size_t line_len = lf != NULL ? (size_t)(lf - bytes) : len;
		struct line line;

		line_start(&line);
		line_add(&line, "rcptprobe: ");
		line_add(&line, server);
		line_add(&line, " ");
		line_add_number(&line, link->fd);
		line_add(&line, " ");
		line_add_foreign(&line, &direction, 1, 1);
		line_add(&line, " ");
		line_add_foreign(&line, bytes,
		    line_len > 0 && bytes[line_len - 1] == '\r' ? line_len - 1 : line_len, 512);
		probelog_line(&line);
		len -= line_len + (lf != NULL);
		bytes += line_len + (lf != NULL);
	}
}
