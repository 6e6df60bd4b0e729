#include "statusdesktell.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rcpt/memory.h"

#define SERVERS_NOTABLE 20  /* of those that have something to tell so many have a line, */
#define SERVERS_SOUND   5   /* of the others so many, the busiest */
#define SERVERS_LEAST   2   /* lines that they have however full the screen is */
#define LINES_KEPT      5   /* for the head, how many more there are, and the checks */
#define REFUSES_FOR     300 /* seconds: it was not one address that it did not like */
#define BUSY_ENOUGH     10  /* to judge by */
#define BUSY_MUCH       1   /* percent */

static const char alone[] = "; checks ask the servers themselves: ";

/* Of figures that need not fit together. */
static int
percent(int64_t part, int64_t all)
{
	if (part >= all)
		return part > 0 ? 100 : 0;
	return (int)(100.0 * (double)part / (double)all + 0.5);
}

/* What keeps it from telling how it is. */
static void
tell_trouble(struct status *status, const struct statusdesk *statusdesk)
{
	struct line line;

	line_start(&line);
	switch (statusdesk->result) {
	case STATUSDESK_DEAD:
		line_add(&line, "rcptprobe died: nobody listens at " STATUSDESK_SOCKET);
		line_add(&line, alone);
		line_add(&line, "start it again");
		break;
	case STATUSDESK_HANGS:
		line_add(&line, "rcptprobe hangs: no answer in ");
		line_add_number(&line, STATUSDESK_TIME / 1000);
		line_add(&line, " s");
		line_add(&line, alone);
		line_add(&line, "start it anew");
		break;
	case STATUSDESK_NONSENSE:
		line_add(&line,
		    "rcptprobe runs, but what it tells makes no sense: is it of "
		    "another version? Start it anew");
		break;
	case STATUSDESK_SILENT:
		line_add(&line, "rcptprobe runs, but tells nothing to user ");
		status_add_user(&line, statusdesk->user);
		line_add(&line,
		    statusdesk->user == 0
			? ": it has too many callers, or is of another version: start it anew"
			: ": run rcptstatus as root, or as the hook's user");
		break;
	default:
		line_add(&line, STATUSDESK_SOCKET ": ");
		line_add(&line, strerror(statusdesk->error));
		line_add(&line, ", so nobody knows how rcptprobe is: run rcptstatus as root");
	}
	status_add(status, STATUS_WARNING, &line);
}

static void
tell_latency(struct line *line, const struct statusprobe_desk *desk)
{
	if (desk->p50 < 0 || desk->p99 < 0)
		return;
	line_add(line, "; p50 ");
	line_add_number(line, desk->p50);
	line_add(line, " ms, p99 ");
	line_add_number(line, desk->p99);
	line_add(line, " ms");
}

static void
tell_desk(struct status *status, const struct statusprobe_desk *desk)
{
	struct line line;

	line_start(&line);
	line_add(&line, "rcptprobe since ");
	status_add_time(&line, desk->since);
	line_add(&line, ", ");
	status_add_count(&line, desk->callers, "caller waits", "callers wait");
	tell_latency(&line, desk);
	status_add(status, STATUS_OK, &line);
	line_start(&line);
	line_add(&line, "         ");
	status_add_count(&line, desk->questions, "question, ", "questions, ");
	status_add_count(&line, desk->probes, "probe; ", "probes; ");
	line_add_number(&line, percent(desk->joined, desk->questions));
	line_add(&line, "% joined, ");
	line_add_number(&line, percent(desk->known, desk->questions));
	line_add(&line, "% cached, ");
	line_add_number(&line, percent(desk->busy, desk->questions));
	line_add(&line, "% busy");
	status_add(status, STATUS_OK, &line);
}

static void
judge_busy(struct status *status, const struct statusprobe_desk *desk)
{
	struct line line;

	if (desk->lately_busy < BUSY_ENOUGH ||
	    100.0 * (double)desk->lately_busy <= BUSY_MUCH * (double)desk->lately_questions)
		return;
	line_start(&line);
	line_add(&line, "rcptprobe was too busy for ");
	line_add_number(&line, desk->lately_busy);
	line_add(&line, " of ");
	status_add_count(&line, desk->lately_questions, "question", "questions");
	line_add(&line, " in ");
	line_add_number(&line, (desk->lately + 59) / 60);
	line_add(&line,
	    " min: servers are slow, or have too few connections: see "
	    "probe_connections in rcptcheck-settings(5)");
	status_add(status, STATUS_WARNING, &line);
}

/* Has statusmemory told that this server refuses us? */
static bool
is_remembered(const struct statusask *ask, struct cache *cache, const char *server)
{
	char subject[MEMORY_SUBJECT_SIZE];
	struct memory memory;

	if (cache == NULL || !statusask_has(ask, server))
		return false;
	snprintf(subject, sizeof(subject), MEMORY_SERVER "%s", server);
	return memory_find(cache, subject, &memory) == 1 &&
	    strcmp(memory.state, MEMORY_REFUSES) == 0;
}

/* That nobody got a statement out of it for some time; not that it refused one address. */
static void
judge_server(struct status *status, const struct statusprobe_server *server,
    const struct statusask *ask, struct cache *cache)
{
	bool no_tls = strcmp(server->reply, "no-tls") == 0;
	bool tls_failed = strcmp(server->reply, "tls-failed") == 0;
	struct line line;

	if (server->refuses_since == 0 ||
	    server->refused - server->refuses_since < REFUSES_FOR ||
	    is_remembered(ask, cache, server->host))
		return;
	line_start(&line);
	line_add(&line, "primary ");
	line_add(&line, server->host);
	if (no_tls)
		line_add(&line, " does not offer TLS, which tls=require wants, since ");
	else if (tls_failed)
		line_add(&line, " has no TLS that tls=require can do with since ");
	else
		line_add(&line, " refuses us since ");
	status_add_time(&line, server->refuses_since);
	if (!no_tls) {
		line_add(&line, ": ");
		line_add(&line, tls_failed ? server->tls : server->reply);
	}
	status_add(status, STATUS_WARNING, &line);
}

/* "yes", "no", "off", "-" */
static const char *
tls_word(const struct statusprobe_server *server)
{
	if (server->tls[0] == '\0')
		return "-";
	if (strcmp(server->tls, "yes") == 0 || strcmp(server->tls, "off") == 0)
		return server->tls;
	return "no";
}

/* TLS is there, but does not work. */
static bool
has_tls_trouble(const struct statusprobe_server *server)
{
	return strcmp(tls_word(server), "no") == 0 && strcmp(server->tls, "not offered") != 0;
}

static bool
is_notable(const struct statusprobe_server *server)
{
	return strcmp(server->state, "ok") != 0 || server->refuses_since != 0 ||
	    server->skipped > 0 || server->waiting > 0 || has_tls_trouble(server);
}

/* The notable ones first, of them and of the others the busiest; the host settles it. */
static int
compare(const void *left, const void *right)
{
	const struct statusprobe_server *a = *(const struct statusprobe_server *const *)left;
	const struct statusprobe_server *b = *(const struct statusprobe_server *const *)right;

	if (is_notable(a) != is_notable(b))
		return is_notable(a) ? -1 : 1;
	if (a->asked != b->asked)
		return a->asked > b->asked ? -1 : 1;
	return strcmp(a->host, b->host);
}

static void
add_latency(char text[24], int64_t ms)
{
	if (ms < 0)
		strcpy(text, "-");
	else
		snprintf(text, 24, "%lld", (long long)ms);
}

static void
tell_server(struct status *status, const struct statusprobe_server *server)
{
	char text[2 * STATUSPROBE_TEXT], used[48], p50[24], p99[24];
	int64_t over = server->yes + server->no + server->undecided;

	snprintf(used, sizeof(used), "%lld/%lld", (long long)server->connections,
	    (long long)server->limit);
	add_latency(p50, server->p50);
	add_latency(p99, server->p99);
	snprintf(text, sizeof(text), "%-21s %5s %-7s %7lld %3d%% %3d%% %4d%% %4lld %5s %5s %s",
	    server->host, used, server->refuses_since != 0 ? "refuses" : server->state,
	    (long long)server->asked, percent(server->yes, over), percent(server->no, over),
	    percent(server->undecided, over), (long long)server->skipped, p50, p99,
	    tls_word(server));
	status_add_text(status, STATUS_OK, text);
	if (!has_tls_trouble(server))
		return;
	snprintf(text, sizeof(text), "    no TLS: %s", server->tls);
	status_add_text(status, STATUS_OK, text);
}

/* Which servers have a line, and how many others there are. */
static void
tell_servers(struct status *status, const struct statusdesk *statusdesk)
{
	const struct statusprobe_server *servers[STATUSDESK_MAX];
	size_t room = status_room(status), told = 0;
	int64_t rest = statusdesk->desk.servers;
	char head[128];
	struct line line;

	if (statusdesk->count == 0)
		return;
	for (size_t i = 0; i < statusdesk->count; i++)
		servers[i] = &statusdesk->servers[i];
	qsort(servers, statusdesk->count, sizeof(const struct statusprobe_server *), compare);
	snprintf(head, sizeof(head), "%-21s %5s %-7s %7s %4s %4s %5s %4s %5s %5s %s", "",
	    "conn", "state", "asked", "yes", "no", "undec", "skip", "p50", "p99", "TLS");
	status_add_text(status, STATUS_OK, head);
	room = room > SERVERS_LEAST + LINES_KEPT ? room - LINES_KEPT : SERVERS_LEAST;
	room += status->of[STATUS_OK].count;
	for (; told < statusdesk->count; told++) {
		const struct statusprobe_server *server = servers[told];
		bool second_line = has_tls_trouble(server);

		if (told >= (is_notable(server) ? SERVERS_NOTABLE : SERVERS_SOUND) ||
		    status->of[STATUS_OK].count + second_line >= room)
			break;
		tell_server(status, server);
	}
	if (rest <= (int64_t)told)
		return;
	line_start(&line);
	line_add(&line, "... and ");
	status_add_count(&line, rest - (int64_t)told, "more server", "more servers");
	status_add(status, STATUS_OK, &line);
}

void
statusdesktell(struct status *status, const struct statusdesk *statusdesk,
    const struct statusask *ask, struct cache *cache)
{
	switch (statusdesk->result) {
	case STATUSDESK_ABSENT:
		status_add_text(status, STATUS_OK,
		    "rcptprobe does not run: each check asks the servers itself");
		return;
	case STATUSDESK_RUNS:
		break;
	default:
		tell_trouble(status, statusdesk);
		return;
	}
	judge_busy(status, &statusdesk->desk);
	for (size_t i = 0; i < statusdesk->count; i++)
		judge_server(status, &statusdesk->servers[i], ask, cache);
	tell_desk(status, &statusdesk->desk);
	tell_servers(status, statusdesk);
}
