/*
 * The client's side of a session (wrapsession.h).
 */
#include "wrapsession.h"

#include <strings.h>

static void
answer(struct wrapsession *session, const char *text)
{
	struct wrapsession_owed *owed = wrapsession_owe(session, WRAPCOMMAND_BAD);

	owed->whose = WRAPSESSION_OWN;
	owed->text = text;
}

/* Says this, when it is its turn, and that is the end of the session. */
static void
answer_last(struct wrapsession *session, const char *text)
{
	answer(session, text);
	session->owed[(session->first + session->count - 1) % WRAPSESSION_OWED].last = true;
	session->mode = WRAPSESSION_CLOSED;
}

static struct wrapsession_question *
free_question(struct wrapsession *session, int *number)
{
	for (*number = 0; *number < WRAPSESSION_QUESTIONS; ++*number)
		if (session->questions[*number].state == WRAPSESSION_FREE)
			return &session->questions[*number];
	return NULL;
}

/*
 * An address at an address literal, other than postmaster (RFC 5321 4.5.1): qmail puts a domain of its
 * own in the place of its own address, and then it is another recipient than the one we would ask about.
 */
static bool
is_at_literal(const char *path)
{
	static const char postmaster[] = "postmaster@[";
	size_t len = strlen(path);

	return len > 0 && path[len - 1] == ']' && strstr(path, "@[") != NULL &&
	    strncasecmp(path, postmaster, sizeof(postmaster) - 1) != 0;
}

/* Returns false when it has to wait. */
static bool
take_recipient(struct wrapsession *session, const char *line, size_t len)
{
	struct wrapsession_question *question;
	struct wrapsession_owed *owed;
	int number;

	/* Nobody's reply is awaited that would make use of what is pending. */
	if (!session->unchecked && !wrapcommand_path(session->pending, line, len, "TO")) {
		answer(session, wrapreply_recipient);
		return true;
	}
	if (!session->unchecked && is_at_literal(session->pending)) {
		answer(session, wrapreply_literal);
		return true;
	}
	if (!session->mail_taken || session->unchecked) {
		/* Without any MAIL the server refuses it. */
		wrapsession_owe(session, WRAPCOMMAND_RCPT);
		wrapsession_forward(session, WRAPCOMMAND_RCPT, line, len);
		return true;
	}
	question = free_question(session, &number);
	if (question == NULL)
		return false;
	memcpy(question->recipient, session->pending, sizeof(question->recipient));
	memcpy(question->line, line, len);
	question->len = len;
	question->state = WRAPSESSION_WAITING;
	owed = wrapsession_owe(session, WRAPCOMMAND_RCPT);
	owed->whose = WRAPSESSION_QUESTION;
	owed->question = number;
	session->undecided++;
	return true;
}

/* A command that goes to the server if it can be read at all. */
static void
take_other(struct wrapsession *session, enum wrapcommand command, const char *line, size_t len)
{
	switch (command) {
	case WRAPCOMMAND_MAIL:
		if (wrapcommand_has_parameter(line, len, "PRDR")) {
			answer(session, wrapreply_parameter);
			return;
		}
		/* A sender is nobody's recipient: what it is is for the server to say. */
		if (!wrapcommand_path(session->pending, line, len, "FROM"))
			session->pending[0] = '\0';
		break;
	case WRAPCOMMAND_EHLO:
	case WRAPCOMMAND_HELO:
		wrapcommand_name(session->pending, line, len);
		break;
	case WRAPCOMMAND_AUTH:
	case WRAPCOMMAND_DATA:
	case WRAPCOMMAND_STARTTLS:
		session->mode = WRAPSESSION_HELD;
		break;
	default:
		break;
	}
	wrapsession_owe(session, command);
	wrapsession_forward(session, command, line, len);
}

/* Returns false when it has to wait. */
static bool
take_command(struct wrapsession *session, const char *line, size_t len)
{
	enum wrapcommand command = wrapcommand_parse(line, len);

	if (command == WRAPCOMMAND_STARTTLS && !session->starttls)
		command = WRAPCOMMAND_UNKNOWN;
	if (command == WRAPCOMMAND_BAD || command == WRAPCOMMAND_UNKNOWN) {
		answer(session, command == WRAPCOMMAND_BAD ? wrapreply_bad : wrapreply_unknown);
		return true;
	}
	/* Whether it is asked about, and for whom, depends on replies that are not there yet. */
	if (session->changes > 0 &&
	    (command == WRAPCOMMAND_RCPT || wrapsession_changes(command)))
		return false;
	if (wrapbuffer_room(&session->to_server) < len + 2)
		return false;
	if (command == WRAPCOMMAND_RCPT)
		return take_recipient(session, line, len);
	if (session->undecided > 0)
		return false;
	take_other(session, command, line, len);
	return true;
}

static bool
take_line(struct wrapsession *session)
{
	struct wrapbuffer *from = &session->from_client;
	const char *line = wrapbuffer_head(from), *end = memchr(line, '\n', from->len);
	size_t len = end != NULL ? (size_t)(end - line) : from->len, used = len + 1;

	if (session->count == WRAPSESSION_OWED || from->len == 0)
		return false;
	/* One LF ends a line for all servers; a second CR before it makes it a bad one. */
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len > wrapcommand_limit(line, len)) {
		answer(session, wrapreply_long);
		if (end == NULL) {
			session->mode = WRAPSESSION_SKIPPING;
			used = from->len;
		}
	} else if (end == NULL || !take_command(session, line, len)) {
		return false;
	}
	wrapbuffer_drop(from, used);
	return true;
}

static bool
skip_line(struct wrapsession *session)
{
	struct wrapbuffer *from = &session->from_client;
	const char *line = wrapbuffer_head(from), *end = memchr(line, '\n', from->len);

	if (from->len == 0)
		return false;
	if (end != NULL)
		session->mode = WRAPSESSION_COMMANDS;
	wrapbuffer_drop(from, end != NULL ? (size_t)(end - line) + 1 : from->len);
	return true;
}

/* Moves as much as there is room for. */
static size_t
movable(const struct wrapbuffer *from, const struct wrapbuffer *to)
{
	size_t room = wrapbuffer_room(to);

	return from->len < room ? from->len : room;
}

static bool
take_message(struct wrapsession *session)
{
	struct wrapbuffer *from = &session->from_client;
	size_t used = 0, len = movable(from, &session->to_server);
	enum wrapdata result =
	    wrapdata_scan(&session->place, wrapbuffer_head(from), len, &used);

	wrapbuffer_add(&session->to_server, wrapbuffer_head(from), used);
	wrapbuffer_drop(from, used);
	if (result == WRAPDATA_AMBIGUOUS) {
		session->events |= WRAPSESSION_AMBIGUOUS;
		answer_last(session, wrapreply_ambiguous);
	} else if (result == WRAPDATA_END) {
		wrapsession_owe(session, WRAPCOMMAND_END);
		session->servers++;
		session->changes++;
		session->mode = WRAPSESSION_COMMANDS;
	}
	return used > 0 || result != WRAPDATA_MORE;
}

/* Base64, or "*" (RFC 4954 4). */
static bool
is_response_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '+' || c == '/' || c == '=' || c == '*';
}

/*
 * A line of an AUTH exchange. A server that takes another byte for its end, or does not read it to its
 * end, would take the rest for a command.
 */
static bool
take_response(struct wrapsession *session)
{
	struct wrapbuffer *from = &session->from_client, *to = &session->to_server;
	size_t used = 0;

	while (used < from->len && wrapbuffer_room(to) >= 2) {
		char c = wrapbuffer_head(from)[used++];

		if (c == '\n') {
			session->response_cr = false;
			session->response_len = 0;
			wrapbuffer_drop(from, used);
			wrapsession_owe(session, WRAPCOMMAND_AUTH);
			wrapsession_forward(session, WRAPCOMMAND_AUTH, "", 0);
			session->mode = WRAPSESSION_HELD;
			return true;
		}
		if (session->response_cr || (c != '\r' && !is_response_byte(c)) ||
		    ++session->response_len > WRAPCOMMAND_AUTH_MAX + 1) {
			answer_last(session, wrapreply_response);
			break;
		}
		if (c == '\r')
			session->response_cr = true;
		else
			wrapbuffer_add(to, &c, 1);
	}
	wrapbuffer_drop(from, used);
	return used > 0;
}

static bool
take_blindly(struct wrapsession *session)
{
	struct wrapbuffer *from = &session->from_client;
	size_t len = movable(from, &session->to_server);

	wrapbuffer_add(&session->to_server, wrapbuffer_head(from), len);
	wrapbuffer_drop(from, len);
	return len > 0;
}

bool
wrapsession_take_commands(struct wrapsession *session)
{
	switch (session->mode) {
	case WRAPSESSION_COMMANDS:
		return take_line(session);
	case WRAPSESSION_SKIPPING:
		return skip_line(session);
	case WRAPSESSION_MESSAGE:
		return take_message(session);
	case WRAPSESSION_RESPONSE:
		return take_response(session);
	case WRAPSESSION_BLIND:
		return take_blindly(session);
	case WRAPSESSION_HELD:
	case WRAPSESSION_CLOSED:
		break;
	}
	return false;
}
