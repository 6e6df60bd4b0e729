/*
 * Any bytes as a feed, in pieces of any size (the first byte): every line is taken once, in
 * order; what is an address can be stored, and reads the same when it is written again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/record.h"
#include "door/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t taken;

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_listing(const struct listing *listing)
{
	char text[4 * ADDRESS_LOCAL_MAX + ADDRESS_DOMAIN_MAX], key[RECORD_USER_KEY_SIZE];
	char domain[ADDRESS_DOMAIN_MAX + 1];
	struct listing again;
	size_t len = 0;

	check(listing->domain_len >= 1 && listing->domain_len <= ADDRESS_DOMAIN_MAX);
	check((listing->kind == LISTING_ALL) == (listing->local_len == 0));
	check(listing->local_len <= ADDRESS_LOCAL_MAX);
	if (listing->kind == LISTING_ALL)
		return;
	memcpy(domain, listing->domain, listing->domain_len);
	domain[listing->domain_len] = '\0';
	check(record_user_key(key, 'u', listing->local, listing->local_len, domain) ==
	    listing->local_len + listing->domain_len + 2);
	text[len++] = '"';
	for (size_t i = 0; i < listing->local_len; i++) {
		check((unsigned char)listing->local[i] >= ' ' && listing->local[i] != 0x7f);
		text[len++] = '\\';
		text[len++] = listing->local[i];
	}
	/* Quoted it is longer than a list may have it, at the most. */
	if (len > 2 * ADDRESS_LOCAL_MAX)
		return;
	text[len++] = '"';
	text[len++] = '@';
	memcpy(text + len, domain, listing->domain_len);
	len += listing->domain_len;
	check(listing_parse(&again, text, len, false) == NULL && again.kind == LISTING_USER);
	check(again.local_len == listing->local_len &&
	    memcmp(again.local, listing->local, again.local_len) == 0);
}

static int
take(void *context, const struct feed_line *line)
{
	(void)context;
	check(line->number == ++taken);
	switch (line->kind) {
	case FEED_NOTHING:
		check(line->len == 0 || line->text[0] == '#');
		break;
	case FEED_DOMAIN:
		check(line->domain_len + 1 == line->len && line->text[0] == '=');
		break;
	case FEED_BAD:
		check(line->why != NULL);
		break;
	case FEED_LISTING:
		check(
		    line->len <= FEED_LINE_MAX && memchr(line->text, '\n', line->len) == NULL);
		check_listing(&line->listing);
		break;
	case FEED_TEXT: /* not of lists of users */
		check(false);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct feed feed;
	uint64_t lines = 0;
	size_t piece;

	if (size == 0)
		return 0;
	piece = 1 + *data++ * 5u;
	size--;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	lines += size > 0 && data[size - 1] != '\n';
	taken = 0;
	feed_start(&feed, take, NULL);
	for (size_t at = 0; at < size;) {
		size_t len = size - at < piece ? size - at : piece;
		char *copy = malloc(len); /* of its own, so that reading past its end is seen */

		check(copy != NULL);
		memcpy(copy, data + at, len);
		check(feed_push(&feed, copy, len) == 0);
		free(copy);
		at += len;
	}
	check(feed_end(&feed) == 0 && taken == lines);
	return 0;
}
