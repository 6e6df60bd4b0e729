#include "statusask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "rcpt/talk.h"

#define AT_ONCE 20

/* One of those that are asked now. */
struct slot {
	struct statusask_server *server; /* NULL: none */
	struct talk talk;
	struct talk_terms terms;
	struct inquiry_question question;
	char path[sizeof("postmaster@") + RECORD_NAME_SIZE];
};

bool
statusask_concerns(const struct record *record)
{
	return record->settings.mode != MODE_OFF && record->settings.tls != TLS_REQUIRE &&
	    (record->flags & (RECORD_DANGLING | RECORD_ACCEPT_ALL)) == 0;
}

void
statusask_add(struct statusask *ask, const char *domain, const struct record *record)
{
	const struct settings *settings = &record->settings;

	for (size_t i = 0; i < record->server_count; i++) {
		struct statusask_server *server = &ask->servers[ask->count];
		char text[RECORD_SERVER_TEXT];
		uint32_t known = ask->texts.count, number;

		record_server_text(text, &record->servers[i]);
		number = intern_add(&ask->texts, text, strlen(text));
		if (number == INTERN_NONE || number < known || ask->count == STATUSASK_MAX)
			continue;
		server->server = record->servers[i];
		memcpy(server->text, text, sizeof(text));
		snprintf(server->domain, sizeof(server->domain), "%s", domain);
		memcpy(server->helo, settings->helo, sizeof(server->helo));
		server->connect_timeout = settings->connect_timeout;
		server->command_timeout = settings->command_timeout;
		server->result = STATUSASK_UNKNOWN;
		ask->count++;
	}
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

	return number < ask->count ? &ask->servers[number] : NULL;
}

static void
start(struct slot *slot, struct statusask_server *server, int64_t deadline)
{
	slot->server = server;
	snprintf(slot->path, sizeof(slot->path), "postmaster@%s", server->domain);
	memset(&slot->question, 0, sizeof(slot->question));
	slot->question.helo = server->helo;
	slot->question.path = slot->path;
	slot->question.confirm_sender = "";
	slot->question.control = "";
	slot->question.nobody = "";
	slot->terms = (struct talk_terms){.connect_timeout = server->connect_timeout,
	    .command_timeout = server->command_timeout,
	    .deadline = deadline};
	talk_start(&slot->talk, &server->server, &slot->question, &slot->terms);
}

/* A talk that ends with the time for all has not failed, only not come to an end. */
static void
finish(struct slot *slot)
{
	const struct smtp_answer *answer = &slot->talk.inquiry.answer;
	struct statusask_server *server = slot->server;

	server->answer = *answer;
	if (answer->finding == FINDING_EXISTS)
		server->result = STATUSASK_ACCEPTED;
	else if (answer->stage == SMTP_RCPT && answer->code != 0)
		server->result = STATUSASK_NO_POSTMASTER;
	else if (slot->talk.timed_out || deadline_left(slot->terms.deadline) > 0)
		server->result = STATUSASK_FAILED;
	slot->server = NULL;
}

void
statusask_run(struct statusask *ask)
{
	static struct slot slots[AT_ONCE];
	struct pollfd pollfds[AT_ONCE];
	int64_t deadline = deadline_now() + STATUSASK_TIME, wake;
	size_t next = 0, busy;

	for (;;) {
		busy = 0;
		wake = deadline;
		for (size_t i = 0; i < AT_ONCE; i++) {
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
		if (busy == 0 && (next == ask->count || deadline_left(deadline) == 0))
			return;
		if (poll(pollfds, (nfds_t)busy, deadline_left(wake)) == -1 && errno != EINTR)
			return;
	}
}
