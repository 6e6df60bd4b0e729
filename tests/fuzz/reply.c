/*
 * Any bytes as a reply: the same whichever way they are cut. The first byte says how.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

/* Feeds pieces of 1 to most bytes, from blocks of just that size. */
static enum reply_state
feed(struct reply *reply, const char *bytes, size_t len, size_t most, size_t *total)
{
	enum reply_state state = REPLY_MORE;
	unsigned random = (unsigned)most;

	memset(reply, 0x5a, sizeof(*reply));
	reply_start(reply);
	for (*total = 0; *total < len && state == REPLY_MORE;) {
		size_t piece = 1 + (random = random * 1103515245 + 12345) / 65536 % most, used;
		char *block;

		if (piece > len - *total)
			piece = len - *total;
		block = malloc(piece);
		check(block != NULL);
		memcpy(block, bytes + *total, piece);
		state = reply_feed(reply, block, piece, &used);
		check(used <= piece && (state != REPLY_MORE || used == piece));
		*total += used;
		free(block);
	}
	check(reply->text_len < REPLY_TEXT_SIZE && reply->text[reply->text_len] == '\0');
	check(memchr(reply->enhanced, '\0', sizeof(reply->enhanced)) != NULL);
	return state;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reply whole, cut;
	enum reply_state state;
	const char *bytes = (const char *)data + 1;
	size_t whole_used, cut_used;

	if (size == 0)
		return 0;
	state = feed(&whole, bytes, size - 1, 1, &whole_used);
	check(feed(&cut, bytes, size - 1, 2u + data[0] * 8u, &cut_used) == state);
	check(cut_used == whole_used);
	if (state == REPLY_GARBAGE)
		return 0;
	check(cut.code == whole.code && strcmp(cut.enhanced, whole.enhanced) == 0);
	check(cut.enhanced_differs == whole.enhanced_differs && cut.text_cut == whole.text_cut);
	check(
	    cut.text_len == whole.text_len && memcmp(cut.text, whole.text, cut.text_len) == 0);
	if (state == REPLY_WHOLE) {
		check(whole.code >= 200 && whole.code <= 599);
		check(whole_used > 0 && bytes[whole_used - 1] == '\n');
	}
	return 0;
}
