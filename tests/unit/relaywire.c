/*
 * The messages to relayd and back: what is made is what is read, and nothing else is.
 */
#include "relay/relaywire.h"

#include "tap.h"

static struct relaywire_message message;
static unsigned char bytes[RELAYWIRE_SIZE_MAX];

static void
test_mark(void)
{
	struct relaywire_mark mark;
	char user[1000];
	size_t len;

	memset(user, 'u', sizeof(user));
	user[sizeof(user) - 1] = '\0';
	ok(relaywire_set_mark(&mark, "::ffff:192.0.2.1", "joe", 3, "test") == NULL, "a mark");
	is_str(mark.address, "192.0.2.1", "its address in the one form");
	len = relaywire_make_mark(bytes, 7, &mark);
	ok(relaywire_parse(&message, bytes, len) && message.kind == RELAYWIRE_MARK &&
		message.serial == 7,
	    "there and back");
	is_str(message.mark.user, "joe", "user");
	is_str(message.mark.source, "test", "source");
	for (size_t cut = 0; cut < len; cut++)
		if (relaywire_parse(&message, bytes, cut))
			ok(false, "cut to %zu bytes it is none", cut);
	bytes[len] = 0;
	ok(!relaywire_parse(&message, bytes, len + 1), "nor with a byte more");
	bytes[0]++;
	ok(!relaywire_parse(&message, bytes, len), "nor of another version");
	ok(relaywire_set_mark(&mark, "192.0.2.0/24", "joe", 3, "test") != NULL, "no network");
	relaywire_set_mark(&mark, "192.0.2.1", "a\nb\0c\x80", 6, "test");
	is_str(mark.user, "a\\x0ab\\x00c\\x80", "what is foreign is printable");
	relaywire_set_mark(&mark, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", user, sizeof(user),
	    user + 1000 - 40);
	is_int((long long)strlen(mark.user), RELAYWIRE_USER_SIZE - 1, "and cut");
}

static void
test_longest(void)
{
	struct relaywire_mark mark;
	char user[300];
	size_t len;

	memset(user, '\n', sizeof(user));
	user[299] = '\0';
	relaywire_set_mark(&mark, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", user, 299, user);
	len = relaywire_make_mark(bytes, UINT64_MAX, &mark);
	ok(len <= sizeof(bytes) && relaywire_parse(&message, bytes, len), "the longest mark");
	ok(relaywire_parse(&message, bytes, relaywire_make_refused(bytes, 0, "a reason")) &&
		message.serial == 0,
	    "a refusal of all");
	is_str(message.text, "a reason", "says why");
}

static void
test_numbers(void)
{
	size_t len = relaywire_make_number(bytes, RELAYWIRE_AGE, 1, 60);

	ok(relaywire_parse(&message, bytes, len) && message.kind == RELAYWIRE_AGE &&
		message.number == 60,
	    "minutes");
	len = relaywire_make_number(bytes, RELAYWIRE_AGE, 1, -1);
	ok(!relaywire_parse(&message, bytes, len), "never below 0");
	len = relaywire_make_number(bytes, RELAYWIRE_AGE, 1, INT64_MAX);
	ok(!relaywire_parse(&message, bytes, len), "nor more than can be reckoned with");
	len = relaywire_make_number(bytes, RELAYWIRE_DONE, 0, 1800);
	ok(!relaywire_parse(&message, bytes, len), "nothing is done before something was said");
	len = relaywire_make_number(bytes, RELAYWIRE_DONE, 5, 1800);
	ok(relaywire_parse(&message, bytes, len) && message.serial == 5, "done up to 5");
}

int
main(void)
{
	test_mark();
	test_longest();
	test_numbers();
	return tap_done();
}
