#include "protocol.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void
answer_start(struct answer *answer)
{
	answer->len = 0;
	answer->verdict = VERDICT_ACCEPT;
}

bool
answer_add_bytes(struct answer *answer, const char *bytes, size_t len)
{
	if (len > sizeof(answer->bytes) - answer->len)
		return false;
	if (len > 0)
		memcpy(answer->bytes + answer->len, bytes, len);
	answer->len += len;
	return true;
}

void
answer_add(struct answer *answer, const char *text)
{
	(void)answer_add_bytes(answer, text, strlen(text));
}

void
answer_add_foreign(struct answer *answer, const char *bytes, size_t len, size_t max)
{
	for (size_t i = 0; i < len && i < max; i++) {
		bool printable = bytes[i] >= ' ' && bytes[i] <= '~';

		(void)answer_add_bytes(answer, printable ? bytes + i : "?", 1);
	}
}

void
question_clear(struct question *question)
{
	question->recipient_len = 0;
	question->has_sender = false;
	question->sender[0] = '\0';
	question->client[0] = '\0';
	question->self[0] = '\0';
	question->token[0] = '\0';
	question->kind = 0;
}

bool
question_set_recipient(struct question *question, const char *bytes, size_t len)
{
	if (len > sizeof(question->recipient))
		return false;
	if (len > 0)
		memcpy(question->recipient, bytes, len);
	question->recipient_len = len;
	return true;
}

void
question_set_self(
    struct question *question, const char *ip, size_t ip_len, const char *port, size_t port_len)
{
	char text[PROTOCOL_CLIENT_SIZE], number[sizeof("65535")];
	bool v6;

	if (ip_len == 0 || port_len == 0 || ip_len >= sizeof(text) ||
	    port_len >= sizeof(number))
		return;
	if (ip_len > 7 && strncasecmp(ip, "::ffff:", 7) == 0 && memchr(ip, '.', ip_len)) {
		ip += 7; /* an IPv4 address as IPv6 has it */
		ip_len -= 7;
	}
	question_copy(text, sizeof(text), ip, ip_len);
	question_copy(number, sizeof(number), port, port_len);
	v6 = strchr(text, ':') != NULL;
	snprintf(
	    question->self, sizeof(question->self), v6 ? "[%s]:%s" : "%s:%s", text, number);
}

void
question_copy(char *to, size_t size, const char *bytes, size_t len)
{
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(to, bytes, len);
	to[len] = '\0';
}

bool
bytes_match(const char *bytes, size_t len, const char *text)
{
	return len == strlen(text) && strncasecmp(bytes, text, len) == 0;
}

enum line_taken
line_take(struct input *input, bool *skipping, const char **line, size_t *line_len)
{
	const char *start = input->bytes + input->used, *end;
	size_t len = input->len - input->used;

	if (*skipping && len > 0) {
		end = memchr(start, '\n', len);
		input->used += end != NULL ? (size_t)(end - start) + 1 : len;
		*skipping = end == NULL;
		start = input->bytes + input->used;
		len = input->len - input->used;
	}
	if (len == 0)
		return LINE_NONE;
	end = memchr(start, '\n', len < PROTOCOL_LINE_MAX + 1 ? len : PROTOCOL_LINE_MAX + 1);
	*line = start;
	if (end == NULL && len <= PROTOCOL_LINE_MAX)
		return LINE_NONE;
	if (end == NULL) {
		*line_len = PROTOCOL_LINE_MAX;
		input->used += PROTOCOL_LINE_MAX;
		*skipping = true;
		return LINE_CUT;
	}
	*line_len = (size_t)(end - start);
	input->used += *line_len + 1;
	if (*line_len > 0 && start[*line_len - 1] == '\r')
		(*line_len)--;
	return LINE_WHOLE;
}
