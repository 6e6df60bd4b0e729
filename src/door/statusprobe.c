#include "statusprobe.h"

#include <stdbool.h>
#include <string.h>

#define KEY_SIZE   32
#define DIGITS_MAX 18 /* that an int64_t surely takes */

/* Where a value goes: a number, or with a size a text. */
struct field {
	const char *key;
	size_t at, size;
};

#define NUMBER(type, name)                                                                     \
	{                                                                                      \
#name, offsetof(struct type, name), 0                                          \
	}
#define TEXT(type, name)                                                                       \
	{                                                                                      \
#name, offsetof(struct type, name), sizeof(((struct type *)0)->name)           \
	}

static const struct field desk_fields[] = {
    NUMBER(statusprobe_desk, since),
    NUMBER(statusprobe_desk, questions),
    NUMBER(statusprobe_desk, joined),
    NUMBER(statusprobe_desk, known),
    NUMBER(statusprobe_desk, busy),
    NUMBER(statusprobe_desk, probes),
    NUMBER(statusprobe_desk, callers),
    NUMBER(statusprobe_desk, p50),
    NUMBER(statusprobe_desk, p99),
    NUMBER(statusprobe_desk, servers),
    NUMBER(statusprobe_desk, lately),
    NUMBER(statusprobe_desk, lately_questions),
    NUMBER(statusprobe_desk, lately_busy),
    {NULL, 0, 0},
};

static const struct field server_fields[] = {
    TEXT(statusprobe_server, host),
    TEXT(statusprobe_server, state),
    TEXT(statusprobe_server, tls),
    TEXT(statusprobe_server, reply),
    NUMBER(statusprobe_server, connections),
    NUMBER(statusprobe_server, limit),
    NUMBER(statusprobe_server, waiting),
    NUMBER(statusprobe_server, asked),
    NUMBER(statusprobe_server, yes),
    NUMBER(statusprobe_server, no),
    NUMBER(statusprobe_server, undecided),
    NUMBER(statusprobe_server, skipped),
    NUMBER(statusprobe_server, p50),
    NUMBER(statusprobe_server, p99),
    NUMBER(statusprobe_server, refuses_since),
    NUMBER(statusprobe_server, refused),
    {NULL, 0, 0},
};

/* What is left of the line. */
struct reader {
	const char *at, *end;
};

static bool
take(struct reader *reader, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, text, len) != 0)
		return false;
	reader->at += len;
	return true;
}

/* The key of a value, and its "=". */
static bool
take_key(struct reader *reader, char key[KEY_SIZE])
{
	size_t len = 0;

	for (; reader->at < reader->end && strchr("= ", *reader->at) == NULL; reader->at++)
		if (len < KEY_SIZE - 1)
			key[len++] = *reader->at;
	key[len] = '\0';
	return take(reader, "=");
}

/* A value in quotes may be cut, too. What does not fit of it is passed over. */
static bool
take_value(struct reader *reader, char *value, size_t size)
{
	bool quoted = take(reader, "\"");
	size_t len = 0;

	for (; reader->at < reader->end && *reader->at != (quoted ? '"' : ' '); reader->at++) {
		if (!quoted && (*reader->at == '"' || *reader->at == '='))
			return false;
		if (quoted && *reader->at == '\\' && reader->end - reader->at > 1 &&
		    reader->at[1] == '"')
			reader->at++;
		if (len < size - 1)
			value[len++] = *reader->at;
	}
	value[len] = '\0';
	if (quoted && reader->at < reader->end)
		reader->at++;
	return true;
}

static bool
set_number(int64_t *number, const char *digits)
{
	size_t len = strlen(digits);

	if (len == 0 || len > DIGITS_MAX || strspn(digits, "0123456789") != len)
		return false;
	*number = 0;
	while (*digits != '\0')
		*number = *number * 10 + (*digits++ - '0');
	return true;
}

static bool
set_field(void *fields, const struct field *field, const char *value)
{
	char *at = (char *)fields + field->at;
	size_t len = strlen(value);

	if (field->size == 0)
		return set_number((int64_t *)(void *)at, value);
	if (len >= field->size)
		len = field->size - 1;
	memcpy(at, value, len);
	at[len] = '\0';
	return true;
}

static bool
take_pairs(struct reader *reader, void *fields, const struct field *table)
{
	char key[KEY_SIZE], value[STATUSPROBE_TEXT];

	while (reader->at < reader->end) {
		const struct field *field = table;

		if (!take(reader, " "))
			return false;
		if (!take_key(reader, key))
			return reader->at == reader->end; /* cut there */
		if (!take_value(reader, value, sizeof(value)))
			return false;
		while (field->key != NULL && strcmp(field->key, key) != 0)
			field++;
		if (field->key != NULL && !set_field(fields, field, value))
			return false;
	}
	return true;
}

static bool
is_printable(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			return false;
	return true;
}

enum statusprobe_kind
statusprobe_parse(struct statusprobe_desk *desk, struct statusprobe_server *server,
    const char *line, size_t len)
{
	struct reader reader = {line, line + len};

	if (!is_printable(line, len))
		return STATUSPROBE_NONSENSE;
	if (take(&reader, "probe")) {
		*desk = (struct statusprobe_desk){.p50 = -1, .p99 = -1};
		return take_pairs(&reader, desk, desk_fields) ? STATUSPROBE_DESK
							      : STATUSPROBE_NONSENSE;
	}
	if (take(&reader, "server")) {
		*server = (struct statusprobe_server){.p50 = -1, .p99 = -1};
		return take_pairs(&reader, server, server_fields) && server->host[0] != '\0'
		    ? STATUSPROBE_SERVER
		    : STATUSPROBE_NONSENSE;
	}
	return STATUSPROBE_NONSENSE;
}
