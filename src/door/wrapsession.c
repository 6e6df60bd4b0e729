#include "wrapsession.h"

void
wrapsession_start(struct wrapsession *session, bool starttls, unsigned limit)
{
	memset(session, 0, offsetof(struct wrapsession, room_from_client));
	session->from_client.bytes = session->room_from_client;
	session->from_client.size = sizeof(session->room_from_client);
	session->to_server.bytes = session->room_to_server;
	session->to_server.size = sizeof(session->room_to_server);
	session->from_server.bytes = session->room_from_server;
	session->from_server.size = sizeof(session->room_from_server);
	session->to_client.bytes = session->room_to_client;
	session->to_client.size = sizeof(session->room_to_client);
	session->starttls = starttls;
	session->limit = limit;
	wrapsession_owe(session, WRAPCOMMAND_GREETING);
	session->servers = 1;
}

bool
wrapsession_changes(enum wrapcommand command)
{
	switch (command) {
	case WRAPCOMMAND_AUTH:
	case WRAPCOMMAND_DATA:
	case WRAPCOMMAND_EHLO:
	case WRAPCOMMAND_END:
	case WRAPCOMMAND_HELO:
	case WRAPCOMMAND_MAIL:
	case WRAPCOMMAND_RSET:
	case WRAPCOMMAND_STARTTLS:
		return true;
	default:
		return false;
	}
}

/* There must be room in the ring. */
struct wrapsession_owed *
wrapsession_owe(struct wrapsession *session, enum wrapcommand command)
{
	size_t place = (session->first + session->count++) % WRAPSESSION_OWED;

	session->owed[place] = (struct wrapsession_owed){.command = command, .question = -1};
	return &session->owed[place];
}

/* The line without its end; there must be room for it. */
void
wrapsession_forward(
    struct wrapsession *session, enum wrapcommand command, const char *line, size_t len)
{
	wrapbuffer_add(&session->to_server, line, len);
	wrapbuffer_add(&session->to_server, "\r\n", 2);
	session->servers++;
	if (wrapsession_changes(command))
		session->changes++;
}

/*
 * The client was refused too many recipients: instead of this answer, whatever it is, it is told so,
 * and what it said behind that is forgotten.
 */
static void
end_guessing(struct wrapsession *session, size_t place)
{
	struct wrapsession_owed *owed =
	    &session->owed[(session->first + place) % WRAPSESSION_OWED];

	owed->whose = WRAPSESSION_OWN;
	owed->text = wrapreply_limit;
	owed->last = true;
	session->count = place + 1;
	session->undecided = 0;
	session->events |= WRAPSESSION_LIMIT;
	session->mode = WRAPSESSION_CLOSED;
}

/* Sends the recipients on that are accepted, up to the first that is not decided. */
static bool
release(struct wrapsession *session)
{
	bool moved = false;

	for (size_t i = 0; i < session->count && session->undecided > 0; i++) {
		struct wrapsession_owed *owed =
		    &session->owed[(session->first + i) % WRAPSESSION_OWED];
		struct wrapsession_question *question;

		if (owed->whose != WRAPSESSION_QUESTION)
			continue;
		question = &session->questions[owed->question];
		if (question->state != WRAPSESSION_REFUSED &&
		    question->state != WRAPSESSION_ACCEPTED)
			break;
		if (session->limit > 0 && session->refused / 2 >= session->limit) {
			end_guessing(session, i);
			return true;
		}
		if (question->state == WRAPSESSION_REFUSED) {
			owed->whose = WRAPSESSION_OWN;
			owed->text = question->reply;
			if (question->reply[0] == '5')
				session->refused++;
		} else if (wrapbuffer_room(&session->to_server) >= question->len + 2) {
			owed->whose = WRAPSESSION_SERVERS;
			wrapsession_forward(
			    session, owed->command, question->line, question->len);
			question->state = WRAPSESSION_FREE;
			owed->question = -1;
		} else {
			break;
		}
		session->undecided--;
		moved = true;
	}
	return moved;
}

/* The server is gone, and all that can be said has been said. */
static bool
nothing_left(const struct wrapsession *session)
{
	return session->server_ended && session->from_server.len == 0 &&
	    (session->count == 0 || session->owed[session->first].whose != WRAPSESSION_OWN ||
		session->uncalled);
}

void
wrapsession_step(struct wrapsession *session)
{
	bool moved;

	do {
		moved = !session->uncalled && !session->over && release(session);
		/* All of them: a reply too many must not pass for that to the next command. */
		while (wrapsession_take_replies(session))
			moved = true;
		moved = wrapsession_take_commands(session) || moved;
	} while (moved);
	if (nothing_left(session))
		session->over = true;
}

int
wrapsession_next_question(struct wrapsession *session)
{
	for (size_t i = 0; i < session->count; i++) {
		const struct wrapsession_owed *owed =
		    &session->owed[(session->first + i) % WRAPSESSION_OWED];

		if (owed->whose == WRAPSESSION_QUESTION &&
		    session->questions[owed->question].state == WRAPSESSION_WAITING) {
			session->questions[owed->question].state = WRAPSESSION_ASKED;
			return owed->question;
		}
	}
	return -1;
}

void
wrapsession_decide(struct wrapsession *session, int number, bool accepted, const char *reply)
{
	struct wrapsession_question *question = &session->questions[number];
	size_t len = strlen(reply);

	if (question->state != WRAPSESSION_ASKED)
		return;
	question->state = accepted ? WRAPSESSION_ACCEPTED : WRAPSESSION_REFUSED;
	if (accepted)
		return;
	if (len >= sizeof(question->reply))
		len = sizeof(question->reply) - 1;
	memcpy(question->reply, reply, len);
	question->reply[len] = '\0';
}

void
wrapsession_client_ended(struct wrapsession *session)
{
	session->client_ended = true;
}

void
wrapsession_server_ended(struct wrapsession *session)
{
	session->server_ended = true;
}

bool
wrapsession_reads_client(const struct wrapsession *session)
{
	return !session->client_ended && session->mode != WRAPSESSION_CLOSED &&
	    wrapbuffer_room(&session->from_client) > 0;
}

bool
wrapsession_reads_server(const struct wrapsession *session)
{
	return !session->server_ended && !session->over &&
	    wrapbuffer_room(&session->from_server) > 0;
}

bool
wrapsession_server_input_over(const struct wrapsession *session)
{
	const struct wrapbuffer *left = &session->from_client;

	if (session->mode == WRAPSESSION_CLOSED)
		return session->uncalled || session->undecided == 0;
	if (!session->client_ended || session->undecided > 0)
		return false;
	switch (session->mode) {
	case WRAPSESSION_COMMANDS:
		return memchr(wrapbuffer_head(left), '\n', left->len) == NULL;
	case WRAPSESSION_MESSAGE: /* ".", or ".\r", of which the rest will not come */
		return left->len == 0 || (left->len <= 2 && wrapbuffer_head(left)[0] == '.');
	default:
		return left->len == 0;
	}
}

bool
wrapsession_over(const struct wrapsession *session)
{
	return session->over;
}
