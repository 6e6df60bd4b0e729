#include "patience.h"

#include "base/deadline.h"

#define LISTEN_LEAST 10 /* ms, and the most, for a reply too many behind a flight */
#define LISTEN_MOST  300

void
patience_begin(struct patience *patience, int64_t full, int64_t slow)
{
	int64_t now = deadline_now();

	patience->slow_at = now + slow;
	patience->late_at = now + full;
	patience->wake = deadline_earlier(patience->slow_at, patience->late_at);
}

void
patience_for_reply(struct patience *patience, bool flying)
{
	int64_t full = (int64_t)patience->command_timeout * 1000;

	if (patience->silence != 0 && patience->silence < full)
		full = patience->silence;
	if (patience->silence != 0) /* this connection is slow, not the server */
		patience_begin(patience, full, full);
	else
		patience_begin(patience, full, flying ? full / 4 * 3 : full / 2);
}

void
patience_listen(struct patience *patience)
{
	int64_t time = LISTEN_LEAST + 2 * patience->lull;

	if (time > LISTEN_MOST)
		time = LISTEN_MOST;
	patience_begin(patience, time, time);
}

void
patience_end(struct patience *patience)
{
	patience->wake = INT64_MAX;
}

void
patience_fly(struct patience *patience, uint32_t command_timeout, int64_t silence)
{
	patience->command_timeout = command_timeout;
	patience->silence = silence;
	patience->heard_at = patience->lull = 0;
}

bool
patience_hear(struct patience *patience)
{
	int64_t now = deadline_now();
	bool doubted = patience->silence != 0;

	if (patience->heard_at != 0 && now - patience->heard_at > patience->lull)
		patience->lull = now - patience->heard_at;
	patience->heard_at = now;
	patience->silence = 0;
	return doubted;
}

enum patience_look
patience_look(struct patience *patience)
{
	if (deadline_left(patience->late_at) == 0)
		return PATIENCE_OVER;
	if (deadline_left(patience->slow_at) > 0 || patience->wake == patience->late_at)
		return PATIENCE_ON;
	patience->wake = patience->late_at;
	return PATIENCE_SLOW;
}
