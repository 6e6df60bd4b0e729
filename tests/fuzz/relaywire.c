/*
 * Any bytes as a message between relayd and its clients: what is read of one makes it again, byte
 * by byte, and its texts are printable.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/relaywire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_text(const char *text, size_t size)
{
	check(memchr(text, '\0', size) != NULL);
	for (; *text != '\0'; text++)
		check(*text >= ' ' && *text <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct relaywire_message message;
	static unsigned char again[RELAYWIRE_SIZE_MAX];
	struct relaywire_mark mark;
	size_t len = 0;

	/* What the parser does not set itself must not matter. */
	memset(&message, 0x5a, sizeof(message));
	if (!relaywire_parse(&message, data, size)) {
		check(message.kind == RELAYWIRE_NONE);
		return 0;
	}
	switch (message.kind) {
	case RELAYWIRE_MARK:
		check_text(message.mark.address, sizeof(message.mark.address));
		check_text(message.mark.user, sizeof(message.mark.user));
		check_text(message.mark.source, sizeof(message.mark.source));
		check(relaywire_set_mark(&mark, message.mark.address, "", 0, "") == NULL &&
		    strcmp(mark.address, message.mark.address) == 0);
		len = relaywire_make_mark(again, message.serial, &message.mark);
		break;
	case RELAYWIRE_AGE:
	case RELAYWIRE_DONE:
		len =
		    relaywire_make_number(again, message.kind, message.serial, message.number);
		break;
	case RELAYWIRE_REFUSED:
		check_text(message.text, sizeof(message.text));
		len = relaywire_make_refused(again, message.serial, message.text);
		break;
	case RELAYWIRE_NONE:
		abort();
	}
	check(len == size && memcmp(again, data, size) == 0);
	return 0;
}
