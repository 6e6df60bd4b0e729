#include "authanswer.h"

#include <errno.h>
#include <string.h>

#include "authlive.h"
#include "authlog.h"
#include "authrecipient.h"
#include "authsend.h"
#include "base/deadline.h"
#include "route/entry.h"

#define PASSWORD_TIME 20000 /* ms, its turn and the program's work together */
#define SMTP_PORT     25

static void
send_to_chosen(struct authdesk *desk, struct authsession *session)
{
	const struct route *route = &session->route;
	const struct record_server *server = &route->servers[session->choice.chosen].address;

	/* A host name that did not resolve when the map was made, or no port for this protocol. */
	if (server->family == 0 || server->port == 0)
		authsend_temporary(desk, session, "no-address");
	else
		authsend_server(desk, session, server, session->decision.why);
}

/* Tries servers until one lives, as far as that can be done without waiting. */
static void
choose(struct authdesk *desk, struct authsession *session)
{
	struct live_choice *choice = &session->choice;
	enum live_answer answer = LIVE_CANNOT;
	size_t server;

	while (live_next(choice, &server, live_time())) {
		session->probe = live_connect(&session->route.servers[server].address, &answer);
		if (session->probe != -1) {
			session->state = AUTHSESSION_CONNECTING;
			session->deadline =
			    deadline_now() + (int64_t)desk->map.settings.timeout * 1000;
			return;
		}
		live_tell(choice, answer, live_time());
	}
	send_to_chosen(desk, session);
}

void
authanswer_server(struct authdesk *desk, struct authsession *session, enum live_answer answer)
{
	live_tell(&session->choice, answer, live_time());
	choose(desk, session);
}

/* The user is who he says, or the server behind will see: where to? */
static void
route_login(struct authdesk *desk, struct authsession *session)
{
	struct route *route = &session->route;

	if (session->question.protocol == AUTHQUESTION_SMTP) {
		/* The ports of the map are those of mailboxes. */
		if (desk->smtp.family != 0) {
			authsend_server(desk, session, &desk->smtp, session->decision.why);
			return;
		}
		for (size_t i = 0; i < route->count; i++)
			route->servers[i].address.port = SMTP_PORT;
	} else {
		route_set_port(route,
		    map_port(
			&desk->map, authquestion_protocol_name(session->question.protocol)));
	}
	if (route->count > 1)
		authlive_refresh(desk);
	live_start(&session->choice, &desk->live, route, &desk->map.settings);
	choose(desk, session);
}

void
authanswer_password(
    struct authdesk *desk, struct authsession *session, enum checkpw_result result)
{
	session->child = 0;
	switch (result) {
	case CHECKPW_RIGHT:
		if (session->decision.withheld == NULL)
			route_login(desk, session);
		else
			authsend_temporary(desk, session, session->decision.withheld);
		return;
	case CHECKPW_WRONG:
		authsend_refuse(desk, session, AUTHREPLY_WRONG, "checkpassword");
		return;
	case CHECKPW_TEMPORARY:
		break;
	}
	authsend_temporary(desk, session, "checkpassword");
}

void
authanswer_turn(struct authdesk *desk, struct authsession *session)
{
	const struct authquestion *question = &session->question;

	session->child =
	    checkpw_start(desk->checkpw, question->user, question->pass, question->client);
	if (session->child != -1) {
		desk->children++;
		session->state = AUTHSESSION_PASSWORD;
		return;
	}
	session->child = 0;
	/* Nobody's password is so long. */
	if (errno == EMSGSIZE)
		authsend_refuse(desk, session, AUTHREPLY_WRONG, "too-long");
	else
		authsend_temporary(desk, session, "checkpassword-start");
}

static void
log_map_trouble(struct authdesk *desk)
{
	const char *trouble = map_trouble(&desk->map);

	if (trouble != NULL)
		authlog_trouble(desk, trouble);
}

/*
 * As map_find. If he is found under another form of his name, he is the one whom the map means from
 * here on, to the program, to a certificate and to the server: in lower case, or where no row is, as
 * the only one is that differs from that in nothing but case.
 */
static int
find_user(struct authdesk *desk, struct authsession *session)
{
	char *user = session->question.user;
	size_t len = strlen(user);
	struct wanted wanted;
	bool other = false;
	int found;

	if (wanted_parse(&wanted, user, len) && wanted.len != len) {
		user[len = wanted.len] = '\0';
		other = true;
	}
	found = map_find(&desk->map, user, len, &session->route);
	if (found == 1 && authmail_folds(&desk->policy, &session->question, &session->route)) {
		entry_fold(user, user, len);
		found = map_find(&desk->map, user, len, &session->route);
		other = true;
	}
	if (found == 1 && authmail_folds(&desk->policy, &session->question, &session->route) &&
	    !session->route.several && entry_spell(user, len, session->route.entry))
		found = map_find(&desk->map, user, len, &session->route);
	session->route.translated = session->route.translated || other;
	return found;
}

static void
answer_login(struct authdesk *desk, struct authsession *session)
{
	const struct authquestion *question = &session->question;
	int found = find_user(desk, session);

	log_map_trouble(desk);
	if (found == -1) {
		authsend_temporary(desk, session, errno == ENOENT ? "no-map" : "map");
		return;
	}
	if (found == 0) {
		authsend_refuse(desk, session, AUTHREPLY_WRONG, "unknown");
		return;
	}
	session->decision = authmail_login(&desk->policy, question, &session->route);
	switch (session->decision.step) {
	case AUTHMAIL_ACCEPT:
		route_login(desk, session);
		break;
	case AUTHMAIL_DENY:
		authsend_refuse(desk, session, AUTHREPLY_WRONG, session->decision.why);
		break;
	case AUTHMAIL_CHECKPW:
		session->state = AUTHSESSION_WAITING;
		session->deadline = deadline_now() + PASSWORD_TIME;
		session->ticket = desk->tickets++;
		break;
	default:
		authsend_temporary(desk, session, session->decision.why);
		break;
	}
}

void
authanswer_request(struct authdesk *desk, struct authsession *session, size_t number)
{
	struct httprequest *request = &session->request;
	const char *trouble = request->state == HTTPREQUEST_BAD
	    ? request->trouble
	    : authquestion_read(&session->question, request);

	session->started = deadline_now();
	session->route.translated = false;
	if (trouble != NULL) {
		authlog_bad(desk, trouble);
		authsend_bad(session);
		return;
	}
	session->decision = authmail_begin(&desk->policy, &session->question);
	switch (session->decision.step) {
	case AUTHMAIL_LOGIN:
		answer_login(desk, session);
		break;
	case AUTHMAIL_RECIPIENT:
		authrecipient_ask(desk, session, number);
		break;
	default:
		authsend_temporary(desk, session, session->decision.why);
		break;
	}
}
