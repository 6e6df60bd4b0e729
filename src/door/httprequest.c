#include "httprequest.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

void
httprequest_clear(struct httprequest *request)
{
	/* Not the bytes, which are many. */
	request->state = HTTPREQUEST_MORE;
	request->trouble = NULL;
	request->count = 0;
	request->len = 0;
	request->line = 0;
	request->seen = 0;
}

char *
httprequest_room(struct httprequest *request, size_t *size)
{
	*size = sizeof(request->bytes) - request->len;
	return request->bytes + request->len;
}

static enum httprequest_state
bad(struct httprequest *request, const char *trouble)
{
	request->trouble = trouble;
	request->state = HTTPREQUEST_BAD;
	return HTTPREQUEST_BAD;
}

/* GET, a path, and a version of HTTP that has these headers. */
static bool
is_request_line(const char *line, size_t len)
{
	static const char method[] = "GET /", version[] = " HTTP/1.";
	size_t end = sizeof(version) - 1 + 1;

	return len >= sizeof(method) - 1 + end &&
	    memcmp(line, method, sizeof(method) - 1) == 0 &&
	    memcmp(line + len - end, version, sizeof(version) - 1) == 0 &&
	    (line[len - 1] == '0' || line[len - 1] == '1') &&
	    memchr(line + sizeof(method) - 1, ' ', len - end - (sizeof(method) - 1)) == NULL;
}

/* RFC 9110 5.6.2 */
static bool
is_token(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
		    (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return len > 0;
}

static bool
is_name(const struct httpheader *header, const char *name, size_t len)
{
	return header->name_len == len && strncasecmp(header->name, name, len) == 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static enum httprequest_state
take_header(struct httprequest *request, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	struct httpheader *header;

	if (colon == NULL || !is_token(line, (size_t)(colon - line)))
		return bad(request, "a line that is no header");
	if (request->count == HTTPREQUEST_HEADERS)
		return bad(request, "too many headers");
	header = &request->headers[request->count];
	header->name = line;
	header->name_len = (size_t)(colon - line);
	for (size_t i = 0; i < request->count; i++)
		if (is_name(&request->headers[i], header->name, header->name_len))
			return bad(request, "a header that comes twice");
	header->value = colon + 1;
	header->len = len - header->name_len - 1;
	while (header->len > 0 && is_blank(header->value[0])) {
		header->value++;
		header->len--;
	}
	while (header->len > 0 && is_blank(header->value[header->len - 1]))
		header->len--;
	request->count++;
	return HTTPREQUEST_MORE;
}

/* A line without its end. */
static enum httprequest_state
take_line(struct httprequest *request, const char *line, size_t len)
{
	if (request->line == 0)
		return is_request_line(line, len)
		    ? HTTPREQUEST_MORE
		    : bad(request, "not a GET request of HTTP/1.0 or 1.1");
	if (len == 0)
		return HTTPREQUEST_WHOLE;
	return take_header(request, line, len);
}

/* The next byte: does it end a line, belong to one, or to nothing? */
static enum httprequest_state
take_byte(struct httprequest *request)
{
	const char *bytes = request->bytes;
	size_t at = request->seen++;
	bool behind_cr = at > request->line && bytes[at - 1] == '\r';

	if (bytes[at] == '\0')
		return bad(request, "a NUL");
	if (bytes[at] != '\n')
		return behind_cr ? bad(request, "a CR without its LF") : HTTPREQUEST_MORE;
	if (!behind_cr)
		return bad(request, "a LF without its CR");
	request->state = take_line(request, bytes + request->line, at - 1 - request->line);
	request->line = at + 1;
	return request->state;
}

enum httprequest_state
httprequest_take(struct httprequest *request, size_t len)
{
	request->len += len;
	while (request->state == HTTPREQUEST_MORE && request->seen < request->len)
		(void)take_byte(request);
	if (request->state == HTTPREQUEST_MORE && len == 0)
		return bad(request, "it ended too early");
	if (request->state == HTTPREQUEST_MORE && request->len == sizeof(request->bytes))
		return bad(request, "longer than 16 KB");
	return request->state;
}

const struct httpheader *
httprequest_find(const struct httprequest *request, const char *name)
{
	for (size_t i = 0; i < request->count; i++)
		if (is_name(&request->headers[i], name, strlen(name)))
			return &request->headers[i];
	return NULL;
}

static int
hexadecimal(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

long
httprequest_unescape(char *out, size_t size, const struct httpheader *header)
{
	size_t len = 0;

	for (size_t i = 0; i < header->len; i++) {
		char c = header->value[i];

		if (c == '%') {
			int high = i + 1 < header->len ? hexadecimal(header->value[i + 1]) : -1;
			int low = i + 2 < header->len ? hexadecimal(header->value[i + 2]) : -1;

			if (high == -1 || low == -1)
				return -1;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (len == size)
			return -1;
		out[len++] = c;
	}
	return (long)len;
}
