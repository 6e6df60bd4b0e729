#include "authanswer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "authdomains.h"
#include "authlog.h"
#include "base/deadline.h"
#include "rcpt/servers.h"
#include "route/entry.h"

#define WRITE_TIME    10000 /* ms */
#define PASSWORD_TIME 20000 /* its turn and the program's work together */
#define CACHE_WAIT    100
#define LIVE_AGAIN    1000 /* how often it is seen whether that is still the file */
#define SMTP_PORT     25

static void
ready(struct authsession *session, size_t len)
{
	session->reply_len = len;
	session->state = AUTHSESSION_WRITING;
	session->deadline = deadline_now() + WRITE_TIME;
}

static void
refuse(struct authdesk *desk, struct authsession *session, enum authreply_kind kind,
    const char *why)
{
	authlog_answer(desk, session,
	    kind == AUTHREPLY_TEMPORARY ? AUTHLOG_TEMPORARY : AUTHLOG_DENIED, why, NULL);
	ready(session, authreply_deny(session->reply, kind, &session->question));
}

static void
temporary(struct authdesk *desk, struct authsession *session, const char *why)
{
	refuse(desk, session, AUTHREPLY_TEMPORARY, why);
}

/* A server of nobody's in particular, and where a login goes. */
static void
send_to(struct authdesk *desk, struct authsession *session, const struct record_server *server,
    const char *why)
{
	const struct route *route = &session->route;
	bool login = session->question.method != AUTHQUESTION_NONE;
	char text[RECORD_SERVER_TEXT], ip[INET6_ADDRSTRLEN];
	struct authreply_route reply = {.server = ip, .port = server->port};
	size_t len;

	if (inet_ntop(server->family == 4 ? AF_INET : AF_INET6, server->address, ip,
		sizeof(ip)) == NULL) {
		temporary(desk, session, "no-address");
		return;
	}
	if (login && route->translated)
		reply.user = route->login;
	if (login && session->decision.gives_secret)
		reply.pass = route->secret;
	len = authreply_route(session->reply, &reply);
	if (len == 0) {
		temporary(desk, session, "unspeakable");
		return;
	}
	record_server_text(text, server);
	authlog_answer(desk, session, AUTHLOG_OK, why, text);
	ready(session, len);
}

/* The state file is small and shared; without it all goes on. */
static void
open_live(struct authdesk *desk)
{
	int64_t now = deadline_now();

	if (desk->live_looked != 0 && now - desk->live_looked < LIVE_AGAIN)
		return;
	desk->live_looked = now;
	(void)livefile_refresh(&desk->live, desk->live_path);
}

static void
send_to_chosen(struct authdesk *desk, struct authsession *session)
{
	const struct route *route = &session->route;
	const struct record_server *server = &route->servers[session->choice.chosen].address;

	/* A host name that did not resolve when the map was made, or no port for this protocol. */
	if (server->family == 0 || server->port == 0)
		temporary(desk, session, "no-address");
	else
		send_to(desk, session, server, session->decision.why);
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
			send_to(desk, session, &desk->smtp, session->decision.why);
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
		open_live(desk);
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
			temporary(desk, session, session->decision.withheld);
		return;
	case CHECKPW_WRONG:
		refuse(desk, session, AUTHREPLY_WRONG, "checkpassword");
		return;
	case CHECKPW_TEMPORARY:
		break;
	}
	temporary(desk, session, "checkpassword");
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
		refuse(desk, session, AUTHREPLY_WRONG, "too-long");
	else
		temporary(desk, session, "checkpassword-start");
}

static void
log_map_trouble(struct authdesk *desk)
{
	const char *trouble = map_trouble(&desk->map);

	if (trouble != NULL)
		authlog_trouble(desk, trouble);
}

/* As map_find. */
static int
find_user(struct authdesk *desk, struct authsession *session)
{
	char *user = session->question.user;
	size_t len = strlen(user);
	int found = map_find(&desk->map, user, len, &session->route);

	/* From here on he is the one whom the map means, to the program and to the server. */
	if (found == 1 && authmail_folds(&desk->policy, &session->question, &session->route)) {
		entry_fold(user, user, len);
		found = map_find(&desk->map, user, len, &session->route);
	}
	return found;
}

static void
answer_login(struct authdesk *desk, struct authsession *session)
{
	const struct authquestion *question = &session->question;
	int found = find_user(desk, session);

	log_map_trouble(desk);
	if (found == -1) {
		temporary(desk, session, errno == ENOENT ? "no-map" : "map");
		return;
	}
	if (found == 0) {
		refuse(desk, session, AUTHREPLY_WRONG, "unknown");
		return;
	}
	session->decision = authmail_login(&desk->policy, question, &session->route);
	switch (session->decision.step) {
	case AUTHMAIL_ACCEPT:
		route_login(desk, session);
		break;
	case AUTHMAIL_DENY:
		refuse(desk, session, AUTHREPLY_WRONG, session->decision.why);
		break;
	case AUTHMAIL_CHECKPW:
		session->state = AUTHSESSION_WAITING;
		session->deadline = deadline_now() + PASSWORD_TIME;
		session->ticket = desk->tickets++;
		break;
	default:
		temporary(desk, session, session->decision.why);
		break;
	}
}

static void
ask_recipient(struct authdesk *desk, struct authsession *session, size_t number)
{
	const struct authquestion *from = &session->question;
	struct serveitem *item = servequeue_room(&desk->queue);
	struct question *question;

	if (desk->no_recipients != NULL) {
		temporary(desk, session, desk->no_recipients);
		return;
	}
	if (desk->recipients == AUTHDESK_RECIPIENTS || item == NULL) {
		temporary(desk, session, "busy");
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

	record_server_text(text, server);
	return checker_use_cache(&desk->checker, CACHE_WAIT, &trouble) &&
	    servers_find(&desk->checker.cache, text, now, &mark) == 1 && mark.until > now;
}

/* The server that has answered, if one has; else the first that is not known to be down. */
static const struct record_server *
choose_primary(struct authdesk *desk, const struct check *check)
{
	const struct record *record = &check->record;
	char text[RECORD_SERVER_TEXT];

	for (size_t i = 0; i < record->server_count && check->asked; i++) {
		record_server_text(text, &record->servers[i]);
		if (check->outcome.age == -1 && check->outcome.answered &&
		    strcmp(text, check->outcome.host) == 0)
			return &record->servers[i];
	}
	for (size_t i = 0; i < record->server_count && record->server_count > 1; i++)
		if (!is_marked(desk, &record->servers[i]))
			return &record->servers[i];
	return &record->servers[0];
}

void
authanswer_recipient(
    struct authdesk *desk, struct authsession *session, const struct check *check)
{
	bool foreign = strcmp(check->why, "foreign") == 0;
	bool ours = !foreign && strcmp(check->why, "no-domain") != 0;

	desk->recipients--;
	authlog_check(desk, session, check);
	switch (check->verdict) {
	case VERDICT_REJECT:
		refuse(desk, session, AUTHREPLY_UNKNOWN, check->why);
		return;
	case VERDICT_TEMPFAIL:
		temporary(desk, session, check->why);
		return;
	case VERDICT_ACCEPT:
		break;
	}
	if (foreign && authdomains_any(&desk->checker.cdb) != 1)
		temporary(desk, session, "no-domains");
	else if (foreign)
		refuse(desk, session, AUTHREPLY_FOREIGN, check->why);
	else if (ours && check->record.server_count > 0)
		send_to(desk, session, choose_primary(desk, check), check->why);
	else if (desk->smtp.family != 0)
		send_to(desk, session, &desk->smtp, check->why);
	else
		temporary(desk, session, "no-server");
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
		ready(session, authreply_bad(session->reply));
		return;
	}
	session->decision = authmail_begin(&desk->policy, &session->question);
	switch (session->decision.step) {
	case AUTHMAIL_LOGIN:
		answer_login(desk, session);
		break;
	case AUTHMAIL_RECIPIENT:
		ask_recipient(desk, session, number);
		break;
	default:
		temporary(desk, session, session->decision.why);
		break;
	}
}
