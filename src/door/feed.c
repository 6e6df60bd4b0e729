#include "feed.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
parse(struct feed_line *line, bool as_text)
{
	const char *text = line->text;
	size_t len = line->len;

	if (len == 0 || (text[0] == '#' && (len == 1 || is_blank(text[1])))) {
		line->kind = FEED_NOTHING;
	} else if (memchr(text, '\0', len) != NULL) {
		line->kind = FEED_BAD;
		line->why = "has a NUL byte in it";
	} else if (as_text) {
		line->kind = FEED_TEXT;
	} else if (text[0] == '=' && memchr(text, '@', len) == NULL) {
		line->kind = FEED_DOMAIN;
		line->domain = text + 1;
		line->domain_len = len - 1;
	} else {
		line->why = listing_parse(&line->listing, text, len, false);
		line->kind = line->why == NULL ? FEED_LISTING : FEED_BAD;
	}
}

static int
take(struct feed *feed, const char *text, size_t len)
{
	struct feed_line line = {.number = ++feed->number};

	if (line.number == 1 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	while (len > 0 && is_blank(text[0])) {
		text++;
		len--;
	}
	line.text = text;
	line.len = len;
	if (feed->only_domains && !feed->long_line && (len == 0 || text[0] != '='))
		return 0;
	if (feed->long_line || len > FEED_LINE_MAX) {
		feed->long_line = false;
		line.kind = FEED_BAD;
		line.why = "is longer than 1000 bytes";
	} else {
		parse(&line, feed->as_text);
	}
	return feed->take(feed->context, &line);
}

/* Puts a part of a line aside. */
static void
keep(struct feed *feed, const char *bytes, size_t len)
{
	size_t room = sizeof(feed->buffer) - feed->used;

	if (len > room) {
		feed->long_line = true;
		len = room;
	}
	memcpy(feed->buffer + feed->used, bytes, len);
	feed->used += len;
}

void
feed_start(struct feed *feed, feed_take *taker, void *context)
{
	feed->take = taker;
	feed->context = context;
	feed->number = 0;
	feed->only_domains = false;
	feed->as_text = false;
	feed->long_line = false;
	feed->used = 0;
}

/* Can it be seen at once that the line does not begin with a "="? There may be millions. */
static bool
is_no_domain(const char *line, size_t len)
{
	return len > 0 && line[0] > ' ' && line[0] != '=';
}

int
feed_push(struct feed *feed, const char *bytes, size_t len)
{
	while (len > 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t part = end == NULL ? len : (size_t)(end - bytes);
		int result;

		if (end == NULL) {
			keep(feed, bytes, part);
			return 0;
		}
		if (feed->used > 0) {
			keep(feed, bytes, part);
			part = feed->used;
			feed->used = 0;
			result = take(feed, feed->buffer, part);
		} else if (feed->only_domains && is_no_domain(bytes, part)) {
			feed->number++;
			result = 0;
		} else {
			result = take(feed, bytes, part);
		}
		if (result != 0)
			return result;
		len -= (size_t)(end - bytes) + 1;
		bytes = end + 1;
	}
	return 0;
}

int
feed_end(struct feed *feed)
{
	size_t len = feed->used;

	feed->used = 0;
	return len > 0 ? take(feed, feed->buffer, len) : 0;
}
