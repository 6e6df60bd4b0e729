#include "cursor.h"

#include <errno.h>
#include <string.h>

void
cursor_put(struct cursor *cursor, const void *bytes, size_t len)
{
	if (cursor->bad || len > cursor->left) {
		cursor->bad = true;
		return;
	}
	memcpy(cursor->out, bytes, len);
	cursor->out += len;
	cursor->left -= len;
}

void
cursor_put_number(struct cursor *cursor, uint32_t number, size_t len)
{
	unsigned char bytes[4];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(number >> 8 * (len - 1 - i));
	cursor_put(cursor, bytes, len);
}

void
cursor_put_text(struct cursor *cursor, const char *text)
{
	size_t len = strlen(text);

	if (len > 255)
		cursor->bad = true;
	cursor_put_number(cursor, (uint32_t)len, 1);
	cursor_put(cursor, text, len);
}

const unsigned char *
cursor_get(struct cursor *cursor, size_t len)
{
	const unsigned char *bytes = cursor->in;

	if (cursor->bad || len > cursor->left) {
		cursor->bad = true;
		return NULL;
	}
	cursor->in += len;
	cursor->left -= len;
	return bytes;
}

uint32_t
cursor_get_number(struct cursor *cursor, size_t len)
{
	const unsigned char *bytes = cursor_get(cursor, len);
	uint32_t number = 0;

	for (size_t i = 0; bytes != NULL && i < len; i++)
		number = number << 8 | bytes[i];
	return number;
}

size_t
cursor_made(const struct cursor *cursor, size_t size)
{
	return cursor->bad ? 0 : size - cursor->left;
}

int
cursor_parsed(const struct cursor *cursor)
{
	if (!cursor->bad && cursor->left == 0)
		return 0;
	errno = EPROTO;
	return -1;
}
