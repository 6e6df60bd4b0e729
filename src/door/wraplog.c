#include "wraplog.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"
#include "wrapsession.h"

#define LOG_WAIT 500 /* ms for room in a log's pipe */

static void
begin_line(struct line *line)
{
	const char *client = getenv("TCPREMOTEIP");

	line_start(line);
	line_add(line, "rcptwrap:");
	if (client != NULL)
		line_pair(line, "client", client);
}

/* A log that nobody drains costs the line, not the session. */
static void
end_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&pollfd, 1, LOG_WAIT) == 1)
		(void)line_write(line, STDERR_FILENO);
}

void
wraplog(const char *key, const char *value, int number)
{
	struct line line;

	begin_line(&line);
	line_pair(&line, key, value);
	if (number > 0)
		line_pair(&line, "reason", strerror(number));
	end_line(&line);
}

void
wraplog_answer(const char *recipient, const struct wrapanswer *answer)
{
	struct line line;

	begin_line(&line);
	line_pair(&line, "recipient", recipient);
	line_pair(&line, "trouble", answer->trouble);
	if (answer->number >= 0)
		line_pair_number(&line, "number", answer->number);
	end_line(&line);
}

void
wraplog_events(unsigned events, const char *hidden)
{
	static const struct {
		enum wrapsession_event event;
		const char *text;
	} texts[] = {
	    {WRAPSESSION_AMBIGUOUS, "ambiguous-end"},
	    {WRAPSESSION_LIMIT, "refused-limit"},
	    {WRAPSESSION_NO_SMTP, "no-smtp"},
	    {WRAPSESSION_WENT_BLIND, "starttls"},
	};

	if (events & WRAPSESSION_HID)
		wraplog("hidden", hidden, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (events & texts[i].event)
			wraplog("event", texts[i].text, 0);
}
