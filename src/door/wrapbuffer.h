/*
 * Bytes on their way from one side to the other: a buffer of fixed size.
 */
#ifndef DOOR_WRAPBUFFER_H
#define DOOR_WRAPBUFFER_H

#include <stddef.h>
#include <string.h>

struct wrapbuffer {
	char *bytes;
	size_t size, start, len; /* what is in it begins at bytes[start] */
};

static inline size_t
wrapbuffer_room(const struct wrapbuffer *buffer)
{
	return buffer->size - buffer->len;
}

static inline const char *
wrapbuffer_head(const struct wrapbuffer *buffer)
{
	return buffer->bytes + buffer->start;
}

/* Where the next bytes go: all room there is, in one piece. */
static inline char *
wrapbuffer_tail(struct wrapbuffer *buffer)
{
	if (buffer->start > 0)
		memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->len);
	buffer->start = 0;
	return buffer->bytes + buffer->len;
}

/* There must be room. */
static inline void
wrapbuffer_add(struct wrapbuffer *buffer, const char *bytes, size_t len)
{
	if (buffer->size - buffer->start - buffer->len < len)
		(void)wrapbuffer_tail(buffer);
	memcpy(buffer->bytes + buffer->start + buffer->len, bytes, len);
	buffer->len += len;
}

static inline void
wrapbuffer_drop(struct wrapbuffer *buffer, size_t len)
{
	buffer->len -= len;
	buffer->start = buffer->len == 0 ? 0 : buffer->start + len;
}

#endif
