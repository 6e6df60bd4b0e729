#include "authrecipient.h"

#include <string.h>
#include <time.h>

#include "authdomains.h"
#include "authlive.h"
#include "authlog.h"
#include "authsend.h"
#include "rcpt/servers.h"

#define CACHE_WAIT 100 /* ms */

void
authrecipient_ask(struct authdesk *desk, struct authsession *session, size_t number)
{
	const struct authquestion *from = &session->question;
	struct serveitem *item = servequeue_room(&desk->queue);
	struct question *question;

	if (desk->no_recipients != NULL) {
		authsend_temporary(desk, session, desk->no_recipients);
		return;
	}
	if (desk->recipients == AUTHDESK_RECIPIENTS || item == NULL) {
		authsend_temporary(desk, session, "busy");
		return;
	}
	question = &item->question;
	question_clear(question);
	(void)question_set_recipient(question, from->recipient, strlen(from->recipient));
	question->has_sender = from->has_sender;
	question_copy(
	    question->client, sizeof(question->client), from->client, strlen(from->client));
	question->kind = (int)number;
	servequeue_add(&desk->queue);
	desk->recipients++;
	session->state = AUTHSESSION_RECIPIENT;
}

/* Is a server remembered as one that is not to be asked now? */
static bool
is_marked(struct authdesk *desk, const struct record_server *server)
{
	char text[RECORD_SERVER_TEXT];
	struct memory mark;
	const char *trouble;
	int64_t now = (int64_t)time(NULL);

	if (authlive_is_down(desk, server))
		return true;
	record_server_text(text, server);
	return checker_use_cache(&desk->checker, CACHE_WAIT, &trouble) &&
	    servers_find(&desk->checker.cache, text, now, &mark) == 1 && mark.until > now;
}

/*
 * The server that has answered, if one has; else the first that is not known to be down. One of which
 * somebody has said so comes last, whether it answers or not.
 */
static const struct record_server *
choose_primary(struct authdesk *desk, const struct check *check)
{
	const struct record *record = &check->record;
	char text[RECORD_SERVER_TEXT];

	for (size_t i = 0; i < record->server_count && check->asked; i++) {
		record_server_text(text, &record->servers[i]);
		if (check->outcome.age == -1 && check->outcome.answered &&
		    strcmp(text, check->outcome.host) == 0 &&
		    !authlive_is_down(desk, &record->servers[i]))
			return &record->servers[i];
	}
	for (size_t i = 0; i < record->server_count && record->server_count > 1; i++)
		if (!is_marked(desk, &record->servers[i]))
			return &record->servers[i];
	return &record->servers[0];
}

/*
 * A name alone is the postmaster, or a user of the server behind (RFC 5321 4.5.1). But servers know other
 * ways to name foreign ones: y@[192.0.2.1], y%foreign.example, foreign.example!y.
 */
static bool
is_foreign(const struct authsession *session, const struct check *check)
{
	if (strcmp(check->why, "no-domain") == 0)
		return strpbrk(session->question.recipient, "@%!:,") != NULL;
	return strcmp(check->why, "foreign") == 0;
}

void
authrecipient_answer(
    struct authdesk *desk, struct authsession *session, const struct check *check)
{
	bool foreign = is_foreign(session, check);

	desk->recipients--;
	authlog_check(desk, session, check);
	switch (check->verdict) {
	case VERDICT_REJECT:
		authsend_refuse(desk, session, AUTHREPLY_UNKNOWN, check->why);
		return;
	case VERDICT_TEMPFAIL:
		authsend_temporary(desk, session, check->why);
		return;
	case VERDICT_ACCEPT:
		break;
	}
	/* Who asked without a domain has not needed it yet. */
	if (foreign && checker_use_cdb(&desk->checker) == -1)
		authsend_temporary(desk, session, "cdb");
	else if (foreign && authdomains_any(&desk->checker.cdb) != 1)
		authsend_temporary(desk, session, "no-domains");
	else if (foreign)
		authsend_refuse(desk, session, AUTHREPLY_FOREIGN, check->why);
	else if (strcmp(check->why, "no-domain") != 0 && check->record.server_count > 0)
		authsend_server(desk, session, choose_primary(desk, check), check->why);
	else if (desk->smtp.family != 0)
		authsend_server(desk, session, &desk->smtp, check->why);
	else
		authsend_temporary(desk, session, "no-server");
}
