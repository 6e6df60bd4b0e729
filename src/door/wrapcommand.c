#include "wrapcommand.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *word;
	enum wrapcommand command;
} words[] = {
    {"AUTH", WRAPCOMMAND_AUTH},
    {"DATA", WRAPCOMMAND_DATA},
    {"EHLO", WRAPCOMMAND_EHLO},
    {"ETRN", WRAPCOMMAND_ETRN},
    {"EXPN", WRAPCOMMAND_EXPN},
    {"HELO", WRAPCOMMAND_HELO},
    {"HELP", WRAPCOMMAND_HELP},
    {"MAIL", WRAPCOMMAND_MAIL},
    {"NOOP", WRAPCOMMAND_NOOP},
    {"QUIT", WRAPCOMMAND_QUIT},
    {"RCPT", WRAPCOMMAND_RCPT},
    {"RSET", WRAPCOMMAND_RSET},
    {"STARTTLS", WRAPCOMMAND_STARTTLS},
    {"VRFY", WRAPCOMMAND_VRFY},
};

/* What is left of a line while it is read. */
struct cursor {
	const char *at, *end;
	char *out; /* the address so far */
	size_t len;
};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_alnum(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_control(char c)
{
	return (c >= 0 && c < ' ') || c == 0x7f;
}

static bool
is_eight_bit(char c)
{
	return (unsigned char)c >= 0x80;
}

/*
 * RFC 5321 4.1.2, with dots wherever they are and the bytes of RFC 6531. All that some server
 * takes for a comment, a route, a group or an escape is missing, and so is what ends a path.
 */
static bool
is_local_byte(char c)
{
	return is_alnum(c) || is_eight_bit(c) ||
	    (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_domain_byte(char c)
{
	return is_alnum(c) || is_eight_bit(c) || c == '.' || c == '-' || c == '_';
}

static bool
is_literal_byte(char c)
{
	return is_alnum(c) || c == '.' || c == ':' || c == '-';
}

enum wrapcommand
wrapcommand_parse(const char *line, size_t len)
{
	size_t word_len = 0;

	if (memchr(line, '\0', len) != NULL || memchr(line, '\r', len) != NULL)
		return WRAPCOMMAND_BAD;
	while (word_len < len && is_letter(line[word_len]))
		word_len++;
	if (word_len == 0)
		return WRAPCOMMAND_BAD;
	if (word_len < len && !is_blank(line[word_len]))
		return WRAPCOMMAND_UNKNOWN;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == word_len &&
		    strncasecmp(words[i].word, line, word_len) == 0)
			return words[i].command;
	return WRAPCOMMAND_UNKNOWN;
}

size_t
wrapcommand_limit(const char *line, size_t len)
{
	return len >= 5 && strncasecmp(line, "AUTH", 4) == 0 && is_blank(line[4])
	    ? WRAPCOMMAND_AUTH_MAX
	    : WRAPCOMMAND_MAX;
}

static bool
at_end(const struct cursor *cursor)
{
	return cursor->at == cursor->end;
}

static bool
at_byte(const struct cursor *cursor, char c)
{
	return cursor->at < cursor->end && *cursor->at == c;
}

/* Skips blanks. Returns whether there were any. */
static bool
skip_blanks(struct cursor *cursor)
{
	const char *from = cursor->at;

	while (!at_end(cursor) && is_blank(*cursor->at))
		cursor->at++;
	return cursor->at > from;
}

static bool
skip_byte(struct cursor *cursor, char c)
{
	if (!at_byte(cursor, c))
		return false;
	cursor->at++;
	return true;
}

static bool
take_byte(struct cursor *cursor)
{
	if (at_end(cursor) || cursor->len == WRAPCOMMAND_PATH_SIZE - 1)
		return false;
	cursor->out[cursor->len++] = *cursor->at++;
	return true;
}

/* One or more bytes of a kind. */
static bool
take_run(struct cursor *cursor, bool (*is_kind)(char))
{
	const char *from = cursor->at;

	while (!at_end(cursor) && is_kind(*cursor->at))
		if (!take_byte(cursor))
			return false;
	return cursor->at > from;
}

static bool
take_quoted(struct cursor *cursor)
{
	cursor->at++;
	while (!at_end(cursor) && *cursor->at != '"') {
		if (*cursor->at == '\\')
			cursor->at++;
		if (at_end(cursor) || is_control(*cursor->at) || !take_byte(cursor))
			return false;
	}
	return skip_byte(cursor, '"');
}

static bool
take_domain(struct cursor *cursor)
{
	if (!at_byte(cursor, '['))
		return take_run(cursor, is_domain_byte);
	return take_byte(cursor) && take_run(cursor, is_literal_byte) && at_byte(cursor, ']') &&
	    take_byte(cursor);
}

/* RFC 5321 4.1.1.3: a source route is to be ignored. */
static bool
skip_route(struct cursor *cursor)
{
	if (!at_byte(cursor, '@'))
		return true;
	do {
		/* Without literals: some end the route at the first colon, also inside one. */
		if (!skip_byte(cursor, '@') || !take_run(cursor, is_domain_byte))
			return false;
	} while (skip_byte(cursor, ','));
	cursor->len = 0;
	return skip_byte(cursor, ':');
}

static bool
take_mailbox(struct cursor *cursor, bool quotes)
{
	if (quotes && at_byte(cursor, '"') ? !take_quoted(cursor)
					   : !take_run(cursor, is_local_byte))
		return false;
	if (!at_byte(cursor, '@'))
		return true; /* such as postmaster: the server knows what it means */
	return take_byte(cursor) && take_domain(cursor);
}

static bool
take_path(struct cursor *cursor)
{
	if (!skip_byte(cursor, '<')) {
		/* Some servers look for the first bracket, wherever it is. */
		return memchr(cursor->at, '<', (size_t)(cursor->end - cursor->at)) == NULL &&
		    take_mailbox(cursor, false);
	}
	if (skip_byte(cursor, '>'))
		return true;
	return skip_route(cursor) && take_mailbox(cursor, true) && skip_byte(cursor, '>');
}

/* What is behind the path: parameters, each of which begins like a word. */
static bool
skip_parameters(struct cursor *cursor)
{
	while (!at_end(cursor)) {
		if (!skip_blanks(cursor))
			return false;
		if (at_end(cursor))
			return true;
		if (!is_alnum(*cursor->at))
			return false;
		while (!at_end(cursor) && !is_blank(*cursor->at))
			cursor->at++;
	}
	return true;
}

bool
wrapcommand_path(
    char path[WRAPCOMMAND_PATH_SIZE], const char *line, size_t len, const char *word)
{
	struct cursor cursor = {.at = line, .end = line + len, .out = path};
	size_t word_len = strlen(word);

	for (size_t i = 0; i < len; i++)
		if (is_control(line[i])) /* a tab too: for qmail it is part of the address */
			return false;
	while (!at_end(&cursor) && is_letter(*cursor.at))
		cursor.at++;
	if (!skip_blanks(&cursor) || (size_t)(cursor.end - cursor.at) < word_len ||
	    strncasecmp(cursor.at, word, word_len) != 0)
		return false;
	cursor.at += word_len;
	(void)skip_blanks(&cursor);
	if (!skip_byte(&cursor, ':'))
		return false;
	(void)skip_blanks(&cursor);
	if (!take_path(&cursor) || !skip_parameters(&cursor))
		return false;
	path[cursor.len] = '\0';
	return true;
}

bool
wrapcommand_has_parameter(const char *line, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	for (size_t i = 1; i + word_len <= len; i++)
		if (is_blank(line[i - 1]) && strncasecmp(line + i, word, word_len) == 0 &&
		    (i + word_len == len || is_blank(line[i + word_len]) ||
			line[i + word_len] == '='))
			return true;
	return false;
}

void
wrapcommand_name(char name[WRAPCOMMAND_NAME_SIZE], const char *line, size_t len)
{
	struct cursor cursor = {.at = line, .end = line + len};
	size_t name_len;

	while (!at_end(&cursor) && is_letter(*cursor.at))
		cursor.at++;
	(void)skip_blanks(&cursor);
	while (cursor.end > cursor.at && is_blank(cursor.end[-1]))
		cursor.end--;
	name_len = (size_t)(cursor.end - cursor.at);
	if (name_len >= WRAPCOMMAND_NAME_SIZE)
		name_len = WRAPCOMMAND_NAME_SIZE - 1;
	for (size_t i = 0; i < name_len; i++)
		name[i] = is_control(cursor.at[i]) ? '?' : cursor.at[i];
	name[name_len] = '\0';
}
