#include "reply.h"

#include <string.h>
#include <strings.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

void
reply_start(struct reply *reply)
{
	reply->code = 0;
	reply->enhanced[0] = '\0';
	reply->enhanced_differs = false;
	reply->text_cut = false;
	reply->text_len = 0;
	reply->text[0] = '\0';
	reply->lines = 0;
	reply->bytes = 0;
	reply->line_len = 0;
}

/* The length of a status code such as 5.1.1 at the beginning of the text, or 0 (RFC 3463 2). */
static size_t
scan_enhanced(const char *text, size_t len)
{
	size_t i = 1;

	if (len < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5'))
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;

		if (i == len || text[i++] != '.')
			return 0;
		for (; i < len && is_digit(text[i]); i++)
			digits++;
		if (digits < 1 || digits > 3)
			return 0;
	}
	return i;
}

/* What may stand behind a status code: "5.1.1.7" is an address and "5.1.1st" is nothing. */
static bool
ends_code(const char *text, size_t len, size_t at)
{
	char c;

	if (at == len)
		return true;
	c = text[at];
	if (c == '.')
		return at + 1 == len || text[at + 1] == ' ';
	return !is_alnum(c) && c != '/' && c != '@';
}

/* A "#" that begins a word, or stands at the beginning of brackets; not that of a URL. */
static bool
is_sharp(const char *text, size_t at)
{
	return text[at] == '#' && (at == 0 || strchr(" ([", text[at - 1]) != NULL);
}

static void
take_enhanced(struct reply *reply, const char *code, size_t len)
{
	if (reply->enhanced[0] == '\0') {
		memcpy(reply->enhanced, code, len);
		reply->enhanced[len] = '\0';
	} else if (strlen(reply->enhanced) != len || memcmp(reply->enhanced, code, len) != 0) {
		reply->enhanced_differs = true;
	}
}

/*
 * The codes of a line: in front of its text, as RFC 2034 has it, and behind each "#", as in
 * qmail's "(#5.1.1)", chkuser's "(#5.1.1 - chkuser)" and the "#5.1.0" in front that some
 * appliances write. Not inside a word or angle brackets: that is the address we asked for, the
 * attacker's text.
 */
static void
find_enhanced(struct reply *reply, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t code_len;

		if (text[i] == '<') {
			const char *close = memchr(text + i, '>', len - i);

			if (close == NULL)
				return;
			i = (size_t)(close - text);
			continue;
		}
		if (i > 0 && !(i == 1 && text[0] == '(') && !is_sharp(text, i - 1))
			continue;
		code_len = scan_enhanced(text + i, len - i);
		if (code_len > 0 && ends_code(text, len, i + code_len))
			take_enhanced(reply, text + i, code_len);
	}
}

static void
keep_text(struct reply *reply, const char *text, size_t len)
{
	size_t room = REPLY_TEXT_SIZE - 1 - reply->text_len;

	if (reply->lines > 1 && room > 0) {
		reply->text[reply->text_len++] = '\n';
		room--;
	}
	if (len > room) {
		len = room;
		reply->text_cut = true;
	}
	memcpy(reply->text + reply->text_len, text, len);
	reply->text_len += len;
	reply->text[reply->text_len] = '\0';
}

static enum reply_state
take_line(struct reply *reply)
{
	const char *line = reply->line;
	size_t len = reply->line_len;
	bool last;
	int code;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
	    !is_digit(line[2]))
		return REPLY_GARBAGE;
	if (len > 3 && line[3] != ' ' && line[3] != '-')
		return REPLY_GARBAGE;
	last = len == 3 || line[3] == ' ';
	code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	reply->lines++;
	if (reply->lines > REPLY_LINES_MAX || (reply->code != 0 && reply->code != code))
		return REPLY_GARBAGE;
	reply->code = code;
	if (len > 4) {
		find_enhanced(reply, line + 4, len - 4);
		keep_text(reply, line + 4, len - 4);
	} else {
		keep_text(reply, "", 0);
	}
	reply->line_len = 0;
	return last ? REPLY_WHOLE : REPLY_MORE;
}

enum reply_state
reply_feed(struct reply *reply, const char *bytes, size_t len, size_t *used)
{
	for (size_t i = 0; i < len; i++) {
		if (++reply->bytes > REPLY_BYTES_MAX) {
			*used = i;
			return REPLY_GARBAGE;
		}
		if (bytes[i] == '\n') {
			enum reply_state state = take_line(reply);

			if (state != REPLY_MORE) {
				*used = i + 1;
				return state;
			}
		} else if (reply->line_len < REPLY_LINE_SIZE) {
			reply->line[reply->line_len++] = bytes[i];
		} else {
			reply->text_cut = true;
		}
	}
	*used = len;
	return REPLY_MORE;
}

bool
reply_offers(const struct reply *reply, const char *keyword)
{
	size_t len = strlen(keyword);
	const char *line = memchr(reply->text, '\n', reply->text_len);

	while (line != NULL) {
		const char *end = reply->text + reply->text_len;

		line++;
		if ((size_t)(end - line) >= len && strncasecmp(line, keyword, len) == 0 &&
		    (line + len == end || line[len] == ' ' || line[len] == '\n'))
			return true;
		line = memchr(line, '\n', (size_t)(end - line));
	}
	return false;
}
