#include "relaywire.h"

#include <string.h>

#include "base/line.h"
#include "base/number.h"

#define HEAD 10 /* version, kind, serial number */

static void
copy_foreign(char *to, size_t size, const char *from, size_t len)
{
	struct line line;

	line_start(&line);
	line_add_foreign(&line, from, len, size);
	if (line.len >= size)
		line.len = size - 1;
	memcpy(to, line.text, line.len);
	to[line.len] = '\0';
}

const char *
relaywire_set_mark(struct relaywire_mark *mark, const char *address, const char *user,
    size_t user_len, const char *source)
{
	copy_foreign(mark->user, sizeof(mark->user), user, user_len);
	copy_foreign(mark->source, sizeof(mark->source), source, strlen(source));
	return relayaddress_normalise(mark->address, address, strlen(address));
}

static size_t
start(unsigned char *out, enum relaywire_kind kind, uint64_t serial)
{
	out[0] = RELAYWIRE_VERSION;
	out[1] = (unsigned char)kind;
	number_put64(out + 2, serial);
	return HEAD;
}

size_t
relaywire_make_mark(
    unsigned char out[RELAYWIRE_SIZE_MAX], uint64_t serial, const struct relaywire_mark *mark)
{
	const char *const texts[] = {mark->address, mark->user, mark->source};
	size_t len = start(out, RELAYWIRE_MARK, serial);

	for (size_t i = 0; i < 3; i++) {
		size_t size = strlen(texts[i]) + 1;

		memcpy(out + len, texts[i], size);
		len += size;
	}
	return len;
}

size_t
relaywire_make_number(unsigned char out[RELAYWIRE_SIZE_MAX], enum relaywire_kind kind,
    uint64_t serial, int64_t number)
{
	size_t len = start(out, kind, serial);

	number_put64(out + len, (uint64_t)number);
	return len + 8;
}

size_t
relaywire_make_refused(unsigned char out[RELAYWIRE_SIZE_MAX], uint64_t serial, const char *text)
{
	size_t len = start(out, RELAYWIRE_REFUSED, serial), size = strlen(text);

	if (size >= RELAYWIRE_TEXT_SIZE)
		size = RELAYWIRE_TEXT_SIZE - 1;
	memcpy(out + len, text, size);
	return len + size;
}

static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* The next text with its NUL. */
static bool
take_text(char *to, size_t size, const unsigned char **bytes, size_t *len)
{
	const unsigned char *end = memchr(*bytes, '\0', *len);
	size_t text_size;

	if (end == NULL)
		return false;
	text_size = (size_t)(end - *bytes) + 1;
	if (text_size > size)
		return false;
	memcpy(to, *bytes, text_size);
	*bytes += text_size;
	*len -= text_size;
	return is_printable(to);
}

static bool
parse_mark(struct relaywire_mark *mark, const unsigned char *bytes, size_t len)
{
	char again[RELAYADDRESS_SIZE];

	return take_text(mark->address, sizeof(mark->address), &bytes, &len) &&
	    take_text(mark->user, sizeof(mark->user), &bytes, &len) &&
	    take_text(mark->source, sizeof(mark->source), &bytes, &len) && len == 0 &&
	    relayaddress_normalise(again, mark->address, strlen(mark->address)) == NULL &&
	    strcmp(again, mark->address) == 0;
}

static bool
parse_number(int64_t *number, int64_t max, const unsigned char *bytes, size_t len)
{
	if (len != 8)
		return false;
	*number = (int64_t)number_get64(bytes);
	return *number >= 0 && *number <= max;
}

static bool
parse_rest(struct relaywire_message *message, const unsigned char *bytes, size_t len)
{
	switch (message->kind) {
	case RELAYWIRE_MARK:
		return message->serial > 0 && parse_mark(&message->mark, bytes, len);
	case RELAYWIRE_AGE:
		return message->serial > 0 &&
		    parse_number(&message->number, RELAYWIRE_MINUTES_MAX, bytes, len);
	case RELAYWIRE_DONE:
		return message->serial > 0 &&
		    parse_number(&message->number, UINT32_MAX, bytes, len);
	case RELAYWIRE_REFUSED:
		if (len >= RELAYWIRE_TEXT_SIZE || memchr(bytes, '\0', len) != NULL)
			return false;
		memcpy(message->text, bytes, len);
		message->text[len] = '\0';
		return is_printable(message->text);
	case RELAYWIRE_NONE:
		break;
	}
	return false;
}

bool
relaywire_parse(struct relaywire_message *message, const unsigned char *bytes, size_t len)
{
	message->kind = RELAYWIRE_NONE;
	if (len < HEAD || bytes[0] != RELAYWIRE_VERSION)
		return false;
	message->kind = (enum relaywire_kind)bytes[1];
	message->serial = number_get64(bytes + 2);
	if (parse_rest(message, bytes + HEAD, len - HEAD))
		return true;
	message->kind = RELAYWIRE_NONE;
	return false;
}
