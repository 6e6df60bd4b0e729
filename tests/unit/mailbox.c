/*
 * Recipients as SMTP writes them, made bare.
 */
#include "door/mailbox.h"

#include <stdlib.h>

#include "tap.h"

/* In a block of just that size. */
static void
bare(const char *text, const char *want)
{
	size_t len = strlen(text);
	char *copy = malloc(len + (len == 0));

	memcpy(copy, text, len);
	ok(mailbox_bare(copy, &len) && len == strlen(want) && memcmp(copy, want, len) == 0,
	    "'%s' is '%s'", text, want);
	free(copy);
}

static void
none(const char *text)
{
	size_t len = strlen(text), kept = len;
	char *copy = malloc(len);

	memcpy(copy, text, len);
	ok(!mailbox_bare(copy, &len) && len == kept && memcmp(copy, text, len) == 0,
	    "'%s' is none, and stays", text);
	free(copy);
}

int
main(void)
{
	bare("", "");
	bare("user@main.test", "user@main.test");
	bare("a\"b@main.test", "a\"b@main.test");
	bare("a\\b@main.test", "a\\b@main.test");
	bare("\"user\"@main.test", "user@main.test");
	bare("\"\"@main.test", "@main.test");
	bare("\"a b\"@main.test", "a b@main.test");
	bare("\"a@b\"@main.test", "a@b@main.test");
	bare("\"a\\\"b\\\\c\\d\"@main.test", "a\"b\\cd@main.test");
	bare("@relay.test:user@main.test", "user@main.test");
	bare("@a.test,@b.test:\"a b\"@main.test", "a b@main.test");
	bare("@main.test", "@main.test");
	none("\"");
	none("\"user");
	none("\"user\"");
	none("\"user\"main.test");
	none("\"user\\\"@main.test");
	none("\"user\\");
	none("\"a\"b\"@main.test");
	none("@relay.test:\"user@main.test");
	return tap_done();
}
