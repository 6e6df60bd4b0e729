#include "opensmtpd.h"

#include <stdint.h>
#include <string.h>

#include "mailbox.h"
#include "rcpt/verdict.h"

#define FIELD_MAX    32  /* bytes of a session's and of a token's name; they have 16 */
#define SESSIONS_MAX 512 /* of which clients and senders are known: for the log alone */

static const char registration[] = "register|report|smtp-in|link-connect\n"
				   "register|report|smtp-in|tx-mail\n"
				   "register|filter|smtp-in|rcpt-to\n"
				   "register|ready\n";

enum order { SESSION_FIRST, TOKEN_FIRST };

/* A session takes the place of an older one that happens to share it. */
struct session {
	char name[FIELD_MAX + 1];
	char client[PROTOCOL_CLIENT_SIZE];
	char sender[PROTOCOL_SENDER_SIZE];
	bool has_sender;
};

struct opensmtpd {
	bool skipping;
	struct session sessions[SESSIONS_MAX];
};

/* The rest of a line, field by field. */
struct fields {
	const char *rest;
	size_t rest_len;
	bool more; /* rest begins a field, be it an empty one */
	const char *field;
	size_t len;
};

/* False, and an empty field, when there is none. */
static bool
next(struct fields *fields)
{
	const char *bar;

	fields->field = fields->rest;
	fields->len = 0;
	if (!fields->more)
		return false;
	bar = memchr(fields->rest, '|', fields->rest_len);
	fields->more = bar != NULL;
	fields->len = bar != NULL ? (size_t)(bar - fields->rest) : fields->rest_len;
	fields->rest += fields->len + (bar != NULL);
	fields->rest_len -= fields->len + (bar != NULL);
	return true;
}

static bool
is(const struct fields *fields, const char *text)
{
	return bytes_match(fields->field, fields->len, text);
}

/* A name that can be said again: nothing in it ends a field or a line. */
static bool
is_name(const struct fields *fields)
{
	for (size_t i = 0; i < fields->len; i++)
		if (fields->field[i] <= ' ' || fields->field[i] > '~')
			return false;
	return fields->len > 0 && fields->len <= FIELD_MAX;
}

/* Is the version, such as 0.10, below 0.5? What is none is not. */
static bool
is_old(const struct fields *fields)
{
	unsigned minor = 0;

	if (fields->len < 3 || fields->field[0] != '0' || fields->field[1] != '.')
		return false;
	for (size_t i = 2; i < fields->len && minor < 100; i++) {
		if (fields->field[i] < '0' || fields->field[i] > '9')
			return false;
		minor = minor * 10 + (unsigned)(fields->field[i] - '0');
	}
	return minor < 5;
}

static bool
is_of(const struct session *session, const char *name, size_t len)
{
	return strlen(session->name) == len && memcmp(session->name, name, len) == 0;
}

static struct session *
place_of(struct opensmtpd *state, const char *name, size_t len)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619U;
	return &state->sessions[hash % SESSIONS_MAX];
}

/* "192.0.2.1:4321" or "[2001:db8::1]:4321", without the port */
static void
set_client(struct session *session, const char *text, size_t len)
{
	const char *colon = memrchr(text, ':', len);

	if (colon == NULL)
		return;
	len = (size_t)(colon - text);
	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	question_copy(session->client, sizeof(session->client), text, len);
}

static void
set_sender(struct session *session, const struct fields *fields, bool old)
{
	const char *text = fields->rest, *bar;
	size_t len = fields->rest_len;

	if (old) { /* address|result */
		bar = memrchr(text, '|', len);
		if (bar != NULL)
			len = (size_t)(bar - text);
	} else { /* result|address, which may have a "|" in it */
		bar = memchr(text, '|', len);
		if (bar == NULL)
			return;
		len -= (size_t)(bar - text) + 1;
		text = bar + 1;
	}
	session->has_sender = true;
	question_copy(session->sender, sizeof(session->sender), text, len);
}

/* VERSION|TIME|smtp-in|EVENT|SESSION|... */
static void
take_report(struct opensmtpd *state, struct fields *fields)
{
	bool old, connects, sends;
	struct session *session;

	(void)next(fields);
	old = is_old(fields);
	(void)next(fields);
	(void)next(fields);
	(void)next(fields);
	connects = is(fields, "link-connect");
	sends = is(fields, "tx-mail");
	if (!next(fields) || !is_name(fields) || (!connects && !sends))
		return;
	session = place_of(state, fields->field, fields->len);
	if (connects || !is_of(session, fields->field, fields->len)) {
		memset(session, 0, sizeof(*session));
		question_copy(session->name, sizeof(session->name), fields->field, fields->len);
	}
	if (connects) { /* rdns|fcrdns|client|us */
		(void)next(fields);
		(void)next(fields);
		if (next(fields))
			set_client(session, fields->field, fields->len);
	} else if (next(fields)) { /* transaction|... */
		set_sender(session, fields, old);
	}
}

static void
say(struct answer *answer, const struct question *question, const char *result,
    const char *reply)
{
	answer_add(answer, "filter-result|");
	answer_add(answer, question->token);
	answer_add(answer, "|");
	answer_add(answer, result);
	answer_add(answer, reply);
	answer_add(answer, "\n");
}

static void
set_session(struct question *question, struct opensmtpd *state, const char *name, size_t len)
{
	const struct session *session = place_of(state, name, len);

	if (!is_of(session, name, len))
		return;
	question->has_sender = session->has_sender;
	memcpy(question->sender, session->sender, sizeof(question->sender));
	memcpy(question->client, session->client, sizeof(question->client));
}

/*
 * The address is as the client typed it, up to the first ">". False for one that can't be read; the
 * mail server has its own words for that.
 */
static bool
set_recipient(struct question *question, const char *text, size_t len)
{
	const char *end;

	if (len > 0 && text[0] == '<') {
		text++;
		len--;
		end = memrchr(text, '>', len);
		if (end != NULL)
			len = (size_t)(end - text);
	}
	return question_set_recipient(question, text, len) &&
	    mailbox_bare(question->recipient, &question->recipient_len);
}

/* VERSION|TIME|smtp-in|PHASE|SESSION|TOKEN|... whatever else is wrong, it gets an answer. */
static enum taken
take_filter(struct opensmtpd *state, struct fields *fields, bool cut, struct input *input,
    struct question *question, struct answer *answer)
{
	const char *session, *first, *second;
	size_t session_len, first_len, second_len;
	bool old, at_rcpt;

	question_clear(question);
	(void)next(fields);
	old = is_old(fields);
	(void)next(fields);
	(void)next(fields);
	(void)next(fields);
	at_rcpt = is(fields, "rcpt-to");
	if (is(fields, "data-line") || !next(fields) || !is_name(fields)) {
		input->trouble = "a question that can't be answered";
		return TAKEN_MESSAGE;
	}
	session = fields->field;
	session_len = fields->len;
	if (!next(fields) || !is_name(fields) || (cut && !fields->more)) {
		input->trouble = "a question that can't be answered";
		return TAKEN_MESSAGE;
	}
	first = old ? fields->field : session;
	first_len = old ? fields->len : session_len;
	second = old ? session : fields->field;
	second_len = old ? session_len : fields->len;
	question_copy(question->token, FIELD_MAX + 1, first, first_len);
	question->token[first_len] = '|';
	question_copy(question->token + first_len + 1, FIELD_MAX + 1, second, second_len);
	set_session(question, state, session, session_len);
	if (!at_rcpt || !fields->more)
		input->trouble = "a question that is not about a recipient";
	else if (cut || !set_recipient(question, fields->rest, fields->rest_len))
		input->trouble = "a recipient that is no address";
	if (input->trouble == NULL)
		return TAKEN_QUESTION;
	say(answer, question, "proceed", "");
	return TAKEN_MESSAGE;
}

static enum taken
take(void *memory, struct input *input, struct question *question, struct answer *answer)
{
	struct opensmtpd *state = memory;
	struct fields fields;
	enum line_taken taken;
	const char *line;
	size_t len;

	while ((taken = line_take(input, &state->skipping, &line, &len)) != LINE_NONE) {
		fields = (struct fields){.rest = line, .rest_len = len, .more = true};
		(void)next(&fields);
		if (is(&fields, "filter")) {
			input->shown = line;
			input->shown_len = len;
			return take_filter(
			    state, &fields, taken == LINE_CUT, input, question, answer);
		}
		if (is(&fields, "report")) {
			take_report(state, &fields);
		} else if (is(&fields, "config")) {
			if (next(&fields) && is(&fields, "ready") && !fields.more) {
				answer_add(answer, registration);
				return TAKEN_MESSAGE;
			}
		} else {
			input->trouble = "a line of no known kind";
			input->shown = line;
			input->shown_len = len;
			return TAKEN_MESSAGE;
		}
	}
	return TAKEN_NOTHING;
}

static void
tell(const struct question *question, const struct check *check, struct answer *answer)
{
	if (check->verdict == VERDICT_ACCEPT)
		say(answer, question, "proceed", "");
	else
		say(answer, question, "reject|", verdict_reply(check->verdict));
}

const struct protocol opensmtpd_protocol = {
    .name = "opensmtpd",
    .state_size = sizeof(struct opensmtpd),
    .take = take,
    .tell = tell,
};
