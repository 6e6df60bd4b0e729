#include "authsend.h"

#include <arpa/inet.h>

#include "authlog.h"
#include "base/deadline.h"

#define WRITE_TIME 10000 /* ms */

static void
ready(struct authsession *session, size_t len)
{
	session->reply_len = len;
	session->state = AUTHSESSION_WRITING;
	session->deadline = deadline_now() + WRITE_TIME;
}

void
authsend_bad(struct authsession *session)
{
	ready(session, authreply_bad(session->reply));
}

void
authsend_refuse(struct authdesk *desk, struct authsession *session, enum authreply_kind kind,
    const char *why)
{
	authlog_answer(desk, session,
	    kind == AUTHREPLY_TEMPORARY ? AUTHLOG_TEMPORARY : AUTHLOG_DENIED, why, NULL);
	ready(session, authreply_deny(session->reply, kind, &session->question));
}

void
authsend_temporary(struct authdesk *desk, struct authsession *session, const char *why)
{
	authsend_refuse(desk, session, AUTHREPLY_TEMPORARY, why);
}

void
authsend_server(struct authdesk *desk, struct authsession *session,
    const struct record_server *server, const char *why)
{
	const struct route *route = &session->route;
	bool login = session->question.method != AUTHQUESTION_NONE;
	char text[RECORD_SERVER_TEXT], ip[INET6_ADDRSTRLEN];
	struct authreply_route reply = {.server = ip, .port = server->port};
	size_t len;

	if (inet_ntop(server->family == 4 ? AF_INET : AF_INET6, server->address, ip,
		sizeof(ip)) == NULL) {
		authsend_temporary(desk, session, "no-address");
		return;
	}
	if (login && route->translated)
		reply.user = route->login;
	if (login && session->decision.gives_secret)
		reply.pass = route->secret;
	len = authreply_route(session->reply, &reply);
	if (len == 0) {
		authsend_temporary(desk, session, "unspeakable");
		return;
	}
	record_server_text(text, server);
	authlog_answer(desk, session, AUTHLOG_OK, why, text);
	ready(session, len);
}
