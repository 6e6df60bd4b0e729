#include "probestatus.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"

#define SERVERS_MAX 60  /* that are told about: a socket takes so many lines unread */
#define LATELY      600 /* seconds */

/*
 * The figures when somebody asked for the last time but LATELY ago or more, and what is to
 * become that: the difference from now is what came lately, as long as monitoring asks.
 */
struct figures {
	int64_t at; /* deadline.h */
	uint64_t questions, busy;
};

static struct figures before, next;

static void
pair(struct line *line, const char *key, uint64_t number)
{
	line_pair_number(line, key, (int64_t)number);
}

static void
add_latency(struct line *line, const struct latency *latency)
{
	if (latency->total == 0)
		return;
	line_pair_number(line, "p50", latency_quantile(latency, 50));
	line_pair_number(line, "p99", latency_quantile(latency, 99));
}

static size_t
count_servers(const struct desk *desk)
{
	size_t count = 0;

	for (const struct primary *primary = desk->pool->primaries; primary != NULL;
	     primary = primary->next)
		count++;
	return count;
}

static void
add_lately(struct line *line, const struct desk *desk, int64_t running)
{
	struct figures now = {deadline_now(), desk->questions + desk->refreshes, desk->busy};

	if (next.at == 0) /* a clock that was set back says nothing */
		next.at = now.at - (running > 0 ? running * 1000 : 0);
	if (before.at == 0)
		before = next;
	if (now.at - next.at >= LATELY * 1000) {
		before = next;
		next = now;
	}
	pair(line, "lately", (uint64_t)(now.at - before.at) / 1000);
	pair(line, "lately_questions", now.questions - before.questions);
	pair(line, "lately_busy", now.busy - before.busy);
}

/* Who asks how we are is a caller, too. */
static void
describe_probe(struct line *line, const struct desk *desk, int64_t since)
{
	size_t callers = desk->callers->count;

	line_start(line);
	line_add(line, "probe");
	line_pair_number(line, "pid", getpid());
	line_pair_number(line, "since", since);
	pair(line, "questions", desk->questions);
	pair(line, "joined", desk->joined);
	pair(line, "known", desk->known);
	pair(line, "refreshed", desk->refreshes);
	pair(line, "directly", desk->directly);
	pair(line, "busy", desk->busy);
	pair(line, "probes", desk->probes);
	pair(line, "asking", desk->jobs.count);
	pair(line, "callers", callers > 0 ? callers - 1 : 0);
	add_latency(line, &desk->latency);
	pair(line, "servers", count_servers(desk));
	add_lately(line, desk, (int64_t)time(NULL) - since);
}

static const char *
state_of(const struct primary *primary)
{
	if (primary->manners.window_until > deadline_now())
		return "slow";
	if (primary->manners.transactions < MANNERS_TRANSACTIONS)
		return "short";
	return primary->manners.connections > 0 ? "full" : "ok";
}

static const char *
tls_of(const struct primary *primary)
{
	bool clear = false;

	for (const struct link *link = primary->links; link != NULL; link = link->next) {
		if (link->smtp.secured)
			return "yes";
		clear = clear || link->greeted;
	}
	if (primary->tls == TLS_OFF)
		return "off";
	if (primary->tls_reason[0] != '\0')
		return primary->tls_reason;
	return clear ? "not offered" : NULL;
}

/* Is there something wrong with it? Who has not the room for all lines should have these. */
static bool
is_notable(const struct primary *primary)
{
	return primary->policy_since != 0 || primary->skipped > 0 ||
	    primary->waiting.count > 0 || primary->tls_reason[0] != '\0' ||
	    strcmp(state_of(primary), "ok") != 0;
}

static void
describe_primary(struct line *line, const struct primary *primary)
{
	size_t connections = 0;
	const char *tls = tls_of(primary);

	for (const struct link *link = primary->links; link != NULL; link = link->next)
		connections++;
	line_start(line);
	line_add(line, "server");
	line_pair(line, "host", primary->text);
	line_pair(line, "state", state_of(primary));
	pair(line, "connections", connections);
	pair(line, "limit",
	    primary->manners.connections > 0 &&
		    primary->manners.connections < primary->connections
		? primary->manners.connections
		: primary->connections);
	pair(line, "waiting", primary->waiting.count);
	pair(line, "opened", primary->opened);
	pair(line, "asked", primary->asked);
	pair(line, "yes", primary->yes);
	pair(line, "no", primary->no);
	pair(line, "undecided", primary->undecided);
	pair(line, "skipped", primary->skipped);
	pair(line, "slow", primary->slow);
	add_latency(line, &primary->latency);
	if (primary->policy_since != 0) {
		line_pair_number(line, "refuses_since", primary->policy_since);
		line_pair_number(line, "refused", primary->policy_last);
	}
	/* Texts last: a message may be too short for them. */
	if (tls != NULL)
		line_pair(line, "tls", tls);
	if (primary->policy_since != 0)
		line_pair(line, "reply", primary->policy_text);
}

void
probestatus(const struct desk *desk, int64_t since,
    void (*tell)(void *context, const struct line *line), void *context)
{
	struct line line;
	size_t count = 0;

	describe_probe(&line, desk, since);
	tell(context, &line);
	for (int notable = 1; notable >= 0; notable--)
		for (const struct primary *primary = desk->pool->primaries;
		     primary != NULL && count < SERVERS_MAX; primary = primary->next) {
			if (is_notable(primary) != notable)
				continue;
			describe_primary(&line, primary);
			tell(context, &line);
			count++;
		}
}
