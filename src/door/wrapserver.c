/*
 * The server's side of a session (wrapsession.h).
 */
#include "wrapkeywords.h"
#include "wrapsession.h"

static struct wrapsession_owed *
next_owed(struct wrapsession *session)
{
	return session->count > 0 ? &session->owed[session->first] : NULL;
}

static void
paid(struct wrapsession *session)
{
	session->first = (session->first + 1) % WRAPSESSION_OWED;
	session->count--;
}

static void
no_smtp(struct wrapsession *session)
{
	session->events |= WRAPSESSION_NO_SMTP;
	session->mode = WRAPSESSION_CLOSED;
	session->over = true;
}

/* What the server's reply means for what comes. */
static void
understand(struct wrapsession *session, enum wrapcommand command, char class, bool is_235)
{
	switch (command) {
	case WRAPCOMMAND_EHLO:
	case WRAPCOMMAND_HELO:
		if (class == '2')
			memcpy(session->helo, session->pending, sizeof(session->helo));
		break;
	case WRAPCOMMAND_MAIL: /* where it is refused, one before it may still hold */
		if (class == '2') {
			session->mail_taken = true;
			memcpy(session->sender, session->pending, sizeof(session->sender));
		}
		break;
	case WRAPCOMMAND_DATA:
		session->mode = class == '3' ? WRAPSESSION_MESSAGE : WRAPSESSION_COMMANDS;
		wrapdata_start(&session->place);
		return;
	case WRAPCOMMAND_AUTH:
		session->mode = class == '3' ? WRAPSESSION_RESPONSE : WRAPSESSION_COMMANDS;
		session->unchecked = session->unchecked || is_235;
		return;
	case WRAPCOMMAND_STARTTLS:
		session->mode = WRAPSESSION_COMMANDS;
		if (class == '2') {
			session->mode = WRAPSESSION_BLIND;
			session->events |= WRAPSESSION_WENT_BLIND;
		}
		break;
	default:
		break;
	}
	/* It waits for something, and nobody knows for what. */
	if (class == '3')
		no_smtp(session);
}

/* The last line of a reply went to the client. */
static void
end_reply(struct wrapsession *session)
{
	const struct wrapsession_owed *owed = next_owed(session);
	enum wrapcommand command;

	session->lines_code[0] = '\0';
	if (session->uncalled) {
		session->over = true;
		return;
	}
	command = owed->command;
	session->servers--;
	if (wrapsession_changes(command))
		session->changes--;
	paid(session);
	/* Behind a last word, or a 421 that nobody asked for, no mode is of interest. */
	if (session->mode != WRAPSESSION_CLOSED)
		understand(
		    session, command, session->code[0], memcmp(session->code, "235", 3) == 0);
}

/* The four bytes in code begin a line. Returns whether it can be a line of this reply. */
static bool
is_reply_line(const struct wrapsession *session)
{
	const char *code = session->code;

	if (session->column < 4 || code[0] < '2' || code[0] > '5' || code[1] < '0' ||
	    code[1] > '9' || code[2] < '0' || code[2] > '9' ||
	    (code[3] != ' ' && code[3] != '-' && code[3] != '\r' && code[3] != '\n'))
		return false;
	return session->lines_code[0] == '\0' || memcmp(session->lines_code, code, 3) == 0;
}

/* The line is complete. */
static void
end_line(struct wrapsession *session)
{
	bool good = is_reply_line(session);

	session->column = 0;
	if (!good) {
		no_smtp(session);
		return;
	}
	if (session->code[3] == '-')
		memcpy(session->lines_code, session->code, 3);
	else
		end_reply(session);
}

/* Notes what a line begins with. */
static void
note_code(struct wrapsession *session, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len && session->column < 4; i++)
		session->code[session->column++] = bytes[i];
}

/* Bytes go to the client as they come; one line at most in each call. */
static bool
pass_line(struct wrapsession *session)
{
	struct wrapbuffer *from = &session->from_server;
	const char *bytes = wrapbuffer_head(from), *end;
	size_t len = wrapbuffer_room(&session->to_client);

	if (len > from->len)
		len = from->len;
	if (len == 0)
		return false;
	end = memchr(bytes, '\n', len);
	if (end != NULL)
		len = (size_t)(end - bytes) + 1;
	note_code(session, bytes, len);
	wrapbuffer_add(&session->to_client, bytes, len);
	wrapbuffer_drop(from, len);
	if (end != NULL)
		end_line(session);
	return true;
}

static void
say_held(struct wrapsession *session, char mark)
{
	if (session->held_len > 3 && (session->held[3] == '-' || session->held[3] == ' '))
		session->held[3] = mark;
	wrapbuffer_add(&session->to_client, session->held, session->held_len);
	session->held_len = 0;
}

static void
note_hidden(struct wrapsession *session, const char *keyword, size_t len)
{
	size_t used = strlen(session->hidden);

	if (len == 0 || used + len + 2 > sizeof(session->hidden))
		return;
	if (used > 0)
		session->hidden[used++] = ' ';
	memcpy(session->hidden + used, keyword, len);
	session->hidden[used + len] = '\0';
}

/* May the line of a reply to EHLO pass? The first is the server's name. */
static bool
may_pass(struct wrapsession *session)
{
	size_t len;
	const char *keyword = wrapkeywords_find(session->ehlo, session->ehlo_len, &len);

	if (session->ehlo_lines == 1 || memcmp(session->code, "250", 3) != 0)
		return true;
	if (!session->ehlo_long && wrapkeywords_pass(keyword, len, session->starttls))
		return true;
	if (!(session->events & WRAPSESSION_HID))
		note_hidden(session, keyword, len);
	return false;
}

/*
 * Of the reply to EHLO each line is said when it is known whether another one follows, which the
 * fourth byte tells.
 */
static void
end_ehlo_line(struct wrapsession *session)
{
	bool is_last = session->code[3] != '-';

	session->ehlo_lines++;
	if (session->ehlo_long) {
		session->ehlo[session->ehlo_len - 2] = '\r';
		session->ehlo[session->ehlo_len - 1] = '\n';
	}
	if (!is_reply_line(session) || may_pass(session)) {
		say_held(session, '-');
		memcpy(session->held, session->ehlo, session->ehlo_len);
		session->held_len = session->ehlo_len;
	}
	if (is_last || !is_reply_line(session)) {
		if (session->hidden[0] != '\0')
			session->events |= WRAPSESSION_HID;
		say_held(session, session->code[3] == '-' ? '-' : ' ');
		session->ehlo_lines = 0;
	}
	session->ehlo_len = 0;
	session->ehlo_long = false;
	end_line(session);
}

static bool
pass_ehlo_line(struct wrapsession *session)
{
	struct wrapbuffer *from = &session->from_server;
	const char *bytes = wrapbuffer_head(from), *end = memchr(bytes, '\n', from->len);
	size_t len = end != NULL ? (size_t)(end - bytes) + 1 : from->len;
	size_t room = sizeof(session->ehlo) - session->ehlo_len;

	if (len == 0 ||
	    wrapbuffer_room(&session->to_client) <
		sizeof(session->ehlo) + sizeof(session->held))
		return false;
	note_code(session, bytes, len);
	if (len > room)
		session->ehlo_long = true;
	memcpy(session->ehlo + session->ehlo_len, bytes, len < room ? len : room);
	session->ehlo_len += len < room ? len : room;
	wrapbuffer_drop(from, len);
	if (end != NULL)
		end_ehlo_line(session);
	return true;
}

static bool
pass_blindly(struct wrapsession *session)
{
	struct wrapbuffer *from = &session->from_server;
	size_t len = wrapbuffer_room(&session->to_client);

	if (len > from->len)
		len = from->len;
	wrapbuffer_add(&session->to_client, wrapbuffer_head(from), len);
	wrapbuffer_drop(from, len);
	return len > 0;
}

/* Says what is ours to say. Returns false when there is nothing, or no room. */
static bool
say_own(struct wrapsession *session)
{
	struct wrapsession_owed *owed = next_owed(session);

	if (owed == NULL || owed->whose != WRAPSESSION_OWN || session->uncalled ||
	    wrapbuffer_room(&session->to_client) < WRAPREPLY_SIZE + 2)
		return false;
	wrapbuffer_add(&session->to_client, owed->text, strlen(owed->text));
	wrapbuffer_add(&session->to_client, "\r\n", 2);
	if (owed->question != -1)
		session->questions[owed->question].state = WRAPSESSION_FREE;
	session->over = session->over || owed->last;
	paid(session);
	return true;
}

bool
wrapsession_take_replies(struct wrapsession *session)
{
	if (session->over) {
		bool dropped = session->from_server.len > 0;

		wrapbuffer_drop(&session->from_server, session->from_server.len);
		return dropped;
	}
	if (session->mode == WRAPSESSION_BLIND)
		return pass_blindly(session);
	if (say_own(session))
		return true;
	if (session->from_server.len == 0 ||
	    (next_owed(session) != NULL && next_owed(session)->whose == WRAPSESSION_OWN &&
		!session->uncalled))
		return false;
	/*
	 * Nobody asked: a time-out, a full disk, a message that the server gave up. It says so and
	 * that is the end, since what it makes of further bytes is not to be known.
	 */
	if (session->servers == 0 && !session->uncalled) {
		session->uncalled = true;
		session->mode = WRAPSESSION_CLOSED;
	}
	if (!session->uncalled && next_owed(session)->command == WRAPCOMMAND_EHLO)
		return pass_ehlo_line(session);
	return pass_line(session);
}
