#include "cgp.h"

#include <string.h>

#include "mailbox.h"
#include "rcpt/verdict.h"

#define WORD_MAX 64 /* of a command that is shown in an answer */

static const char word_error[] = "ERROR ";
static const char word_failure[] = "FAILURE ";

static const char text_foreign[] = "not one of our domains";
static const char text_unknown[] = "no such user";
static const char text_later[] = "this address can't be verified right now";
static const char text_no_server[] = "this domain has no server to route to";
static const char text_no_route[] = "this address can't be routed";
static const char text_not_mail[] = "only addresses of mail are looked up";
static const char text_unclosed[] = "a bracket without its end";
static const char text_no_address[] = "no full address";
static const char text_odd_type[] = "a type that makes no sense";
static const char text_too_long[] = "too long a line";
static const char text_command[] = "unexpected command: ";

struct cgp_options cgp_options = {.keyword = "ROUTED"};

struct cgp {
	bool skipping;
};

/* A word of a line: to the next blank, but for what is in quotes, brackets or parentheses if not plain. */
struct word {
	const char *text;
	size_t len;
};

static char
closing(char c)
{
	switch (c) {
	case '[':
		return ']';
	case '(':
		return ')';
	case '"':
		return '"';
	default:
		return '\0';
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes the next word; false: there is none. What is opened and not closed reaches to the end. */
static bool
next(struct word *rest, struct word *word, bool plain)
{
	size_t i = 0;
	char end;

	while (rest->len > 0 && is_blank(*rest->text)) {
		rest->text++;
		rest->len--;
	}
	if (rest->len == 0)
		return false;
	end = plain ? '\0' : closing(*rest->text);
	if (end != '\0') {
		for (i = 1; i < rest->len && rest->text[i] != end; i++)
			if (end == '"' && rest->text[i] == '\\' && i + 1 < rest->len)
				i++;
		i += i < rest->len;
	}
	if (end == '\0' || end == '"')
		while (i < rest->len && !is_blank(rest->text[i]))
			i++;
	*word = (struct word){.text = rest->text, .len = i};
	rest->text += i;
	rest->len -= i;
	return true;
}

static bool
is(const struct word *word, const char *text)
{
	return bytes_match(word->text, word->len, text);
}

static void
begin_line(struct answer *answer, const char *number, const char *word)
{
	answer_add(answer, number);
	answer_add(answer, " ");
	answer_add(answer, word);
}

static enum taken
refuse(
    struct answer *answer, const struct question *question, const char *word, const char *text)
{
	begin_line(answer, question->token, word);
	answer_add(answer, text);
	answer_add(answer, "\n");
	return TAKEN_MESSAGE;
}

/*
 * "[MAIL]" or "[ mail ]": 1; another word: 0; else -1. Nobody is refused for a form of it that we have
 * not heard of.
 */
static int
type_is_mail(struct word word)
{
	for (word.text++, word.len -= 2; word.len > 0 && is_blank(*word.text); word.len--)
		word.text++;
	while (word.len > 0 && is_blank(word.text[word.len - 1]))
		word.len--;
	if (is(&word, "MAIL"))
		return 1;
	for (size_t i = 0; i < word.len; i++)
		if ((word.text[i] < 'A' || word.text[i] > 'Z') &&
		    (word.text[i] < 'a' || word.text[i] > 'z'))
			return -1;
	return word.len > 0 ? 0 : -1;
}

/* Without brackets around it, and a dot behind it. */
static struct word
strip(struct word word)
{
	if (word.len > 2 && word.text[0] == '<' && word.text[word.len - 1] == '>') {
		word.text++;
		word.len -= 2;
	}
	if (word.len > 1 && word.text[word.len - 1] == '.')
		word.len--;
	return word;
}

/* Behind NEW. An address without a domain is an account of the server's own. */
static enum taken
take_new(
    struct word *rest, struct input *input, struct question *question, struct answer *answer)
{
	struct word word, address = {0};
	bool typed = false;
	int mail = 1;

	while (next(rest, &word, false)) {
		char end = *word.text == '"' ? '\0' : closing(*word.text);

		if (end != '\0' && (word.len == 1 || word.text[word.len - 1] != end))
			return refuse(answer, question, word_failure, text_unclosed);
		if (*word.text == '[') {
			typed = true;
			mail = type_is_mail(word);
		} else if (*word.text != '(' && address.len == 0 &&
		    memchr(word.text, '@', word.len) != NULL) {
			address = word;
		}
	}
	if (mail == -1) {
		input->trouble = text_odd_type;
		return refuse(answer, question, word_failure, text_odd_type);
	}
	if (mail == 0 || (!typed && cgp_options.typed))
		return refuse(answer, question, word_error, text_not_mail);
	if (address.len == 0)
		return refuse(answer, question, word_error, text_no_address);
	address = strip(address);
	if (!question_set_recipient(question, address.text, address.len) ||
	    !mailbox_bare(question->recipient, &question->recipient_len))
		return refuse(answer, question, word_failure, text_no_route);
	return TAKEN_QUESTION;
}

/* Something to begin the answer with: it need not be digits, only be said again as it is. */
static bool
is_number(const struct word *word)
{
	for (size_t i = 0; i < word->len; i++)
		if (word->text[i] < ' ' || word->text[i] > '~')
			return false;
	return word->len < PROTOCOL_TOKEN_SIZE;
}

static enum taken
take_line(struct word rest, bool cut, struct input *input, struct question *question,
    struct answer *answer)
{
	struct word word;

	question_clear(question);
	if (!next(&rest, &word, true) || is(&word, "*"))
		return TAKEN_MESSAGE;
	if (!is_number(&word)) {
		input->trouble = "a line that does not begin with a number";
		return TAKEN_MESSAGE;
	}
	question_copy(question->token, sizeof(question->token), word.text, word.len);
	if (cut) {
		input->trouble = "a line longer than 4096 bytes";
		return refuse(answer, question, word_failure, text_too_long);
	}
	if (!next(&rest, &word, true))
		word = (struct word){.text = "", .len = 0};
	if (is(&word, "NEW"))
		return take_new(&rest, input, question, answer);
	if (is(&word, "INTF"))
		return refuse(answer, question, "INTF 3", "");
	if (is(&word, "QUIT")) {
		(void)refuse(answer, question, "OK", "");
		return TAKEN_LAST;
	}
	/* The word alone: what follows may be a password. */
	begin_line(answer, question->token, word_error);
	answer_add(answer, text_command);
	answer_add_foreign(answer, word.text, word.len, WORD_MAX);
	answer_add(answer, "\n");
	return TAKEN_MESSAGE;
}

static enum taken
take(void *memory, struct input *input, struct question *question, struct answer *answer)
{
	struct cgp *state = memory;
	struct word line;
	enum line_taken taken = line_take(input, &state->skipping, &line.text, &line.len);

	if (taken == LINE_NONE)
		return TAKEN_NOTHING;
	return take_line(line, taken == LINE_CUT, input, question, answer);
}

/*
 * The server that knows the user: the one that said so if it is still one of the domain's, else the
 * first.
 */
static const struct record_server *
find_server(const struct check *check)
{
	const struct record *record = &check->record;
	char text[RECORD_SERVER_TEXT];

	for (size_t i = 0; check->asked && i < record->server_count; i++) {
		record_server_text(text, &record->servers[i]);
		if (strcmp(text, check->outcome.host) == 0)
			return &record->servers[i];
	}
	return record->server_count > 0 ? &record->servers[0] : NULL;
}

/*
 * "user%domain@[192.0.2.1]", or "\"a b%domain\"@[192.0.2.1]": the server cuts off the last part and
 * sends the rest there.
 */
static bool
add_route(
    struct answer *answer, const struct question *question, const struct record_server *server)
{
	char path[ADDRESS_PATH_SIZE], text[RECORD_SERVER_TEXT];
	struct address address;
	size_t len;

	/* What was accepted unasked may be an address that is never put on a wire. */
	if (address_parse(&address, question->recipient, question->recipient_len) !=
	    ADDRESS_FINE)
		return false;
	len = address_path(path, &address, "");
	if (path[0] == '"') { /* the quote behind the local part goes to the end */
		memmove(path + len - address.domain_len - 2,
		    path + len - address.domain_len - 1, address.domain_len + 1);
		path[len - address.domain_len - 2] = '%';
		path[len - 1] = '"';
	} else {
		path[len - address.domain_len - 1] = '%';
	}
	record_server_text(text, server);
	*strrchr(text, ':') = '\0'; /* of a port no form is known */
	answer_add(answer, path);
	answer_add(answer, text[0] == '[' ? "@" : "@[");
	answer_add(answer, text);
	answer_add(answer, text[0] == '[' ? "\n" : "]\n");
	return true;
}

static void
tell_route(const struct question *question, const struct check *check, struct answer *answer)
{
	const struct record_server *server;

	if (strcmp(check->why, "foreign") == 0) {
		(void)refuse(answer, question, word_error, text_foreign);
		return;
	}
	if (strcmp(check->why, "no-domain") == 0) {
		(void)refuse(answer, question, word_failure, text_no_route);
		return;
	}
	server = find_server(check);
	if (server == NULL) {
		(void)refuse(answer, question, word_failure, text_no_server);
		return;
	}
	begin_line(answer, question->token, cgp_options.keyword);
	answer_add(answer, " ");
	if (add_route(answer, question, server))
		return;
	answer_start(answer);
	(void)refuse(answer, question, word_failure, text_no_route);
}

static void
tell(const struct question *question, const struct check *check, struct answer *answer)
{
	switch (check->verdict) {
	case VERDICT_ACCEPT:
		tell_route(question, check, answer);
		return;
	case VERDICT_REJECT:
		(void)refuse(answer, question, word_error, text_unknown);
		return;
	case VERDICT_TEMPFAIL:
		break;
	}
	(void)refuse(answer, question, word_failure, text_later);
}

const struct protocol cgp_protocol = {
    .name = "cgp",
    .state_size = sizeof(struct cgp),
    .take = take,
    .tell = tell,
};
