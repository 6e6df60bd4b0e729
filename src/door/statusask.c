#include "statusask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/deadline.h"
#include "rcpt/talk.h"

#define AT_ONCE 20
#define TURN    600 /* seconds: how often other servers have their turn */

/* One of those that are asked now. */
struct slot {
	struct statusask_server *server; /* NULL: none */
	struct talk talk;
	struct talk_terms terms;
	struct inquiry_question question;
	char path[sizeof("postmaster@") + RECORD_NAME_SIZE];
	bool has_budget; /* it ends by the budget, before the time for all */
};

bool
statusask_concerns(const struct record *record)
{
	/* Where a list decides alone nobody is asked. */
	if (record_list_decides(record))
		return false;
	return record->settings.mode != MODE_OFF && record->settings.tls != TLS_REQUIRE &&
	    (record->flags & (RECORD_DANGLING | RECORD_ACCEPT_ALL)) == 0;
}

/* The place among those that are asked; STATUSASK_MAX or more: it is not. */
static uint32_t
place(const struct statusask *ask, uint32_t number)
{
	return number >= ask->first ? number - ask->first
				    : number + ask->texts.count - ask->first;
}

void
statusask_add(struct statusask *ask, const char *domain, const struct record *record)
{
	const struct settings *settings = &record->settings;
	bool is_control = strcmp(settings->control_recipient, "auto") == 0;

	for (size_t i = 0; i < record->server_count; i++) {
		struct statusask_server *server;
		char text[RECORD_SERVER_TEXT];
		uint32_t number;
		bool known;

		record_server_text(text, &record->servers[i]);
		number = intern_add(&ask->texts, text, strlen(text));
		if (number == INTERN_NONE || place(ask, number) >= STATUSASK_MAX)
			continue;
		server = &ask->servers[place(ask, number)];
		known = server->text[0] != '\0';
		if (known && (server->is_control || !is_control))
			continue;
		snprintf(server->domain, sizeof(server->domain), "%s", domain);
		server->is_control = is_control;
		if (known)
			continue;
		server->server = record->servers[i];
		memcpy(server->text, text, sizeof(text));
		memcpy(server->helo, settings->helo, sizeof(server->helo));
		server->connect_timeout = settings->connect_timeout;
		server->command_timeout = settings->command_timeout;
		server->budget = settings->budget;
		server->result = STATUSASK_UNKNOWN;
		ask->count++;
	}
}

bool
statusask_turn(struct statusask *ask, int64_t now)
{
	uint32_t all = ask->texts.count;

	if (all <= STATUSASK_MAX)
		return false;
	ask->first = (uint32_t)((uint64_t)now / TURN * STATUSASK_MAX % all);
	ask->count = 0;
	memset(ask->servers, 0, sizeof(ask->servers));
	return true;
}

bool
statusask_has(const struct statusask *ask, const char *text)
{
	return intern_find(&ask->texts, text, strlen(text)) != INTERN_NONE;
}

const struct statusask_server *
statusask_find(const struct statusask *ask, const char *text)
{
	uint32_t number = intern_find(&ask->texts, text, strlen(text));

	if (number == INTERN_NONE || place(ask, number) >= ask->count)
		return NULL;
	return &ask->servers[place(ask, number)];
}

static void
start(struct slot *slot, struct statusask_server *server, int64_t deadline)
{
	int64_t budget_end = deadline_now() + (int64_t)server->budget * 1000;

	slot->server = server;
	snprintf(slot->path, sizeof(slot->path), "postmaster@%s", server->domain);
	memset(&slot->question, 0, sizeof(slot->question));
	slot->question.path = slot->path;
	slot->question.confirm_sender = "";
	slot->question.control = "";
	slot->question.nobody = "";
	slot->terms = (struct talk_terms){.helo = server->helo,
	    .connect_timeout = server->connect_timeout,
	    .command_timeout = server->command_timeout,
	    .deadline = deadline_earlier(deadline, budget_end)};
	slot->has_budget = budget_end < deadline;
	talk_start(&slot->talk, &server->server, &slot->question, &slot->terms);
}

/*
 * A talk that ends with the time for all has not failed, only not come to an end; but what comes
 * behind the budget comes too late for any check.
 */
static void
finish(struct slot *slot)
{
	const struct smtp_answer *answer = &slot->talk.dialogue.inquiry.answer;
	struct statusask_server *server = slot->server;

	server->answer = *answer;
	if (answer->finding == FINDING_EXISTS)
		server->result = STATUSASK_ACCEPTED;
	else if (answer->stage == SMTP_RCPT && answer->code != 0 &&
	    answer->finding != FINDING_POLICY)
		server->result = STATUSASK_NO_POSTMASTER;
	else if (slot->talk.timed_out || slot->has_budget ||
	    deadline_left(slot->terms.deadline) > 0)
		server->result = STATUSASK_FAILED;
	slot->server = NULL;
}

/* How many sockets there can be: descriptors that run out say nothing about a server. */
static size_t
count_free(void)
{
	struct rlimit limit;
	size_t count = 0;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return AT_ONCE;
	for (rlim_t fd = 0; fd < limit.rlim_cur && count < AT_ONCE; fd++)
		count += fcntl((int)fd, F_GETFD) == -1;
	return count;
}

void
statusask_run(struct statusask *ask)
{
	static struct slot slots[AT_ONCE];
	struct pollfd pollfds[AT_ONCE];
	int64_t deadline = deadline_now() + STATUSASK_TIME, wake;
	size_t next = 0, busy, at_once = count_free();

	for (;;) {
		busy = 0;
		wake = deadline;
		for (size_t i = 0; i < at_once; i++) {
			struct slot *slot = &slots[i];

			if (slot->server != NULL)
				talk_step(&slot->talk);
			else if (next < ask->count && deadline_left(deadline) > 0)
				start(slot, &ask->servers[next++], deadline);
			else
				continue;
			if (slot->talk.done) {
				finish(slot);
				wake = 0; /* there is room for another */
				continue;
			}
			pollfds[busy].fd = slot->talk.fd;
			pollfds[busy++].events = slot->talk.events;
			wake = deadline_earlier(wake, slot->talk.wake);
		}
		if (busy == 0 &&
		    (next == ask->count || at_once == 0 || deadline_left(deadline) == 0))
			return;
		if (poll(pollfds, (nfds_t)busy, deadline_left(wake)) == -1 && errno != EINTR)
			return;
	}
}
