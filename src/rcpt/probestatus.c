#include "probestatus.h"

#include <string.h>
#include <unistd.h>

#include "base/deadline.h"

#define SERVERS_MAX 200 /* that are told about */

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

static void
describe_probe(struct line *line, const struct desk *desk, int64_t since)
{
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
	pair(line, "asking", desk->count);
	pair(line, "callers", desk->callers->count);
	add_latency(line, &desk->latency);
}

static const char *
state_of(const struct primary *primary)
{
	if (primary->window_until > deadline_now())
		return "slow";
	if (primary->transactions < PRIMARY_TRANSACTIONS)
		return "short";
	return primary->most > 0 ? "full" : "ok";
}

static const char *
tls_of(const struct primary *primary)
{
	for (const struct link *link = primary->links; link != NULL; link = link->next)
		if (link->smtp.secured)
			return "yes";
	return primary->tls_reason[0] != '\0' ? primary->tls_reason : NULL;
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
	    primary->most > 0 && primary->most < primary->connections ? primary->most
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
	if (tls != NULL)
		line_pair(line, "tls", tls);
	if (primary->policy_since == 0)
		return;
	line_pair_number(line, "refuses_since", primary->policy_since);
	line_pair_number(line, "refused", primary->policy_last);
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
	for (const struct primary *primary = desk->pool->primaries;
	     primary != NULL && count < SERVERS_MAX; primary = primary->next, count++) {
		describe_primary(&line, primary);
		tell(context, &line);
	}
}
