#include "statusmail.h"

#include <stdio.h>
#include <string.h>

#include "base/cdbwalk.h"
#include "statusbuild.h"

/* Domains of which no server is left, counted at the first server of each. */
struct lost {
	size_t domains;
	char first[RECORD_NAME_SIZE];
	bool deferred; /* what happens to the mail of that one */
};

struct judging {
	const struct statusask *ask;
	struct lost lost[STATUSASK_MAX]; /* by the numbers of the servers */
	struct lost unresolved;          /* those without any */
};

static void
lose(struct lost *lost, const char *domain, uint32_t action)
{
	if (lost->domains++ > 0)
		return;
	snprintf(lost->first, sizeof(lost->first), "%s", domain);
	lost->deferred = action == ACTION_TEMPFAIL;
}

static int
judge_domain(void *arg, const struct cdbfile_record *bytes)
{
	struct judging *judging = arg;
	const struct statusask_server *first = NULL;
	char domain[RECORD_NAME_SIZE];
	struct record record;
	uint32_t action;

	if (statusbuild_domain(bytes, domain, &record) != 1 || !statusask_concerns(&record))
		return 0;
	action = record.settings.on_unreachable;
	for (size_t i = 0; i < record.server_count; i++) {
		const struct statusask_server *server;
		char text[RECORD_SERVER_TEXT];

		record_server_text(text, &record.servers[i]);
		server = statusask_find(judging->ask, text);
		if (server == NULL || server->result != STATUSASK_FAILED)
			return 0;
		if (server->answer.finding == FINDING_POLICY)
			action = record.settings.on_policy;
		if (first == NULL)
			first = server;
	}
	lose(first == NULL ? &judging->unresolved
			   : &judging->lost[first - judging->ask->servers],
	    domain, action);
	return 0;
}

/* A note in words. */
static const char *
note_text(const char *note)
{
	static const struct {
		const char *note, *text;
	} texts[] = {
	    {"refused", "connection refused"},
	    {"timeout", "no answer in time"},
	    {"unreachable", "no way to reach it"},
	    {"no-connection", "no connection"},
	    {"lost", "the connection was lost"},
	    {"loop", "it greets with our own name, so it is this host"},
	    {"garbage", "what it says is no SMTP"},
	    {"out-of-step", "its replies are out of step"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].note, note) == 0)
			return texts[i].text;
	return note;
}

static void
add_reply(struct line *line, const struct smtp_answer *answer)
{
	line_add_number(line, answer->code);
	line_add(line, " ");
	line_add_foreign(line, answer->text, strlen(answer->text), sizeof(answer->text));
}

/* What is wrong with a server, behind its name. */
static void
add_reason(struct line *line, const struct smtp_answer *answer)
{
	if (answer->note != NULL) {
		line_add(line, ": ");
		line_add(line, note_text(answer->note));
		return;
	}
	line_add(line, answer->stage == SMTP_MAIL ? " refuses MAIL FROM:<>" : " refuses us");
	line_add(line, " (its administrator should let this host in): ");
	add_reply(line, answer);
}

static void
tell_lost(struct status *status, const struct lost *lost, const struct statusask_server *server)
{
	struct line line;

	line_start(&line);
	line_add(&line, "mail for ");
	line_add(&line, lost->first);
	if (lost->domains > 1) {
		line_add(&line, " and ");
		line_add_number(&line, (int64_t)lost->domains - 1);
		line_add(&line, lost->domains == 2 ? " more domain" : " more domains");
	}
	line_add(&line, lost->deferred ? " is deferred: " : " is accepted unchecked: ");
	if (server != NULL) {
		line_add(&line, server->text);
		add_reason(&line, &server->answer);
	} else {
		line_add(&line, "the name of its server does not resolve: see rcptbuild -v");
	}
	status_add(status, STATUS_CRITICAL, &line);
}

static void
tell_server(struct status *status, const struct statusask_server *server)
{
	struct line line;

	line_start(&line);
	line_add(&line, server->text);
	if (server->result == STATUSASK_FAILED) {
		line_add(&line, " (");
		line_add(&line, server->domain);
		line_add(&line, ")");
		add_reason(&line, &server->answer);
	} else {
		line_add(&line, " does not accept postmaster@");
		line_add(&line, server->domain);
		line_add(&line, ", the control recipient: ");
		add_reply(&line, &server->answer);
	}
	status_add(status, STATUS_WARNING, &line);
}

static void
tell_unknown(struct status *status, const struct statusask *ask)
{
	const char *first = NULL;
	struct line line;
	size_t count = 0;

	for (size_t i = 0; i < ask->count; i++) {
		if (ask->servers[i].result != STATUSASK_UNKNOWN)
			continue;
		if (count++ == 0)
			first = ask->servers[i].text;
	}
	if (count == 0)
		return;
	line_start(&line);
	line_add_number(&line, (int64_t)count);
	line_add(&line, count == 1 ? " server, " : " servers, the first of them ");
	line_add(&line, first);
	line_add(&line, ", had not answered after ");
	line_add_number(&line, STATUSASK_TIME / 1000);
	line_add(&line, " s");
	status_add(status, STATUS_WARNING, &line);
}

static void
tell_count(struct status *status, const struct statusask *ask, size_t accepted)
{
	struct line line;

	line_start(&line);
	line_add(&line, "servers  ");
	line_add_number(&line, (int64_t)accepted);
	line_add(&line, " of ");
	line_add_number(&line, (int64_t)ask->count);
	line_add(&line, " accept <> and postmaster");
	status_add(status, STATUS_OK, &line);
	if (ask->texts.count <= ask->count)
		return;
	line_start(&line);
	line_add(&line, "only ");
	line_add_number(&line, (int64_t)ask->count);
	line_add(&line, " of ");
	status_add_count(&line, ask->texts.count, "server", "servers");
	line_add(&line, " were asked now; others have their turn in ten minutes");
	status_add(status, STATUS_WARNING, &line);
}

static void
sum_up(struct status *status, size_t answered)
{
	struct line line;

	line_start(&line);
	line_add(&line, status->summary);
	line_add(&line, ", ");
	status_add_count(&line, (int64_t)answered, "server answers", "servers answer");
	snprintf(status->summary, sizeof(status->summary), "%.*s", STATUS_TEXT, line.text);
}

void
statusmail_servers(
    struct status *status, const struct cdbfile *cdb, const struct statusask *ask)
{
	static struct judging judging;
	size_t accepted = 0, answered = 0;

	judging.ask = ask;
	(void)cdbwalk(cdb, judge_domain, &judging); /* proven before */
	if (judging.unresolved.domains > 0)
		tell_lost(status, &judging.unresolved, NULL);
	for (size_t i = 0; i < ask->count; i++) {
		const struct statusask_server *server = &ask->servers[i];

		accepted += server->result == STATUSASK_ACCEPTED;
		answered += server->result == STATUSASK_ACCEPTED ||
		    server->result == STATUSASK_NO_POSTMASTER;
		if (judging.lost[i].domains > 0)
			tell_lost(status, &judging.lost[i], server);
		else if (server->result == STATUSASK_FAILED ||
		    (server->result == STATUSASK_NO_POSTMASTER && server->is_control))
			tell_server(status, server);
	}
	tell_unknown(status, ask);
	tell_count(status, ask, accepted);
	if (ask->count > 0)
		sum_up(status, answered);
}
