#include "authlog.h"

#include <string.h>

#include "base/deadline.h"
#include "rcpt/explain.h"

#define NAME "routehttp:"

static bool
is_wanted(const struct authdesk *desk, enum authlog_answer answer)
{
	switch (desk->level == -1 ? LOG_LEVEL_REJECT : desk->level) {
	case LOG_LEVEL_ALL:
		return true;
	case LOG_LEVEL_REJECT:
		return answer != AUTHLOG_OK;
	default:
		return answer == AUTHLOG_TEMPORARY;
	}
}

static void
pair_if(struct line *line, const char *key, const char *value)
{
	if (value[0] != '\0')
		line_pair(line, key, value);
}

void
authlog_answer(const struct authdesk *desk, const struct authsession *session,
    enum authlog_answer answer, const char *why, const char *server)
{
	static const char *const answers[] = {"temporary", "denied", "ok"};
	const struct authquestion *question = &session->question;
	struct line line;

	if (!is_wanted(desk, answer))
		return;
	line_start(&line);
	line_add(&line, NAME);
	if (question->method == AUTHQUESTION_NONE)
		pair_if(&line, "recipient", question->recipient);
	else
		pair_if(&line, "user", question->user);
	line_pair(&line, "answer", answers[answer]);
	line_pair(&line, "why", why);
	line_pair(&line, "protocol", authquestion_protocol_name(question->protocol));
	line_pair(&line, "method", authquestion_method_name(question->method));
	if (server != NULL)
		line_pair(&line, "server", server);
	if (answer == AUTHLOG_OK && session->route.translated)
		line_pair(&line, "login", session->route.login);
	line_pair_number(&line, "attempt", question->attempt);
	pair_if(&line, "client", question->client);
	line_pair_number(&line, "ms", deadline_now() - session->started);
	desk->log(&line);
}

void
authlog_bad(const struct authdesk *desk, const char *trouble)
{
	struct line line;

	line_start(&line);
	line_add(&line, NAME);
	line_pair(&line, "answer", "bad-request");
	line_pair(&line, "trouble", trouble);
	desk->log(&line);
}

void
authlog_check(
    const struct authdesk *desk, const struct authsession *session, const struct check *check)
{
	const struct authquestion *question = &session->question;
	struct explain_context context = {0};
	struct line line;

	if (!explain_wanted(
		check, desk->level == -1 ? check->log : (enum settings_log)desk->level))
		return;
	context.client = question->client[0] != '\0' ? question->client : NULL;
	context.sender = question->has_sender ? question->sender : NULL;
	explain_line(&line, check, question->recipient, strlen(question->recipient), &context);
	desk->log(&line);
}

void
authlog_trouble(const struct authdesk *desk, const char *text)
{
	struct line line;

	line_start(&line);
	line_add(&line, NAME " ");
	line_add(&line, text);
	desk->log(&line);
}
