/*
 * Socketmap requests: which keys are recipients, and what each map says to a verdict.
 */
#include "door/socketmap.h"

#include "feed.h"
#include "tap.h"

#define TEXT_TEMP                                                                              \
	"4.4.3 sorry, this recipient can't be verified right now, try again later (#4.4.3)"

static struct feed feed;

static void
asked(const char *request, const char *want, const char *name)
{
	char frame[3000], answer[2000];

	snprintf(frame, sizeof(frame), "%zu:%s,", strlen(request), request);
	snprintf(answer, sizeof(answer), "%zu:%s,", strlen(want), want);
	is_str(feed_text(&feed, frame), answer, name);
}

static bool
recipient_is(const char *text)
{
	return feed.question.recipient_len == strlen(text) &&
	    memcmp(feed.question.recipient, text, strlen(text)) == 0;
}

static void
test_maps(void)
{
	feed_start(&feed, &socketmap_protocol);
	asked("rcpt user@main.test", "OK accept", "rcpt: accepted");
	asked("access user@main.test", "OK DUNNO",
	    "access: accepted is no reason to skip the rest");
	feed.why = "foreign";
	asked("rcpt user@main.test", "OK accept", "rcpt: foreign");
	asked("access user@main.test", "NOTFOUND ", "access: foreign");
	feed.verdict = VERDICT_REJECT;
	feed.why = "cache";
	asked("rcpt user@main.test", "NOTFOUND ", "rcpt: unknown");
	asked("access user@main.test",
	    "OK 550 5.1.1 sorry, no mailbox here by that name (#5.1.1)", "access: unknown");
	feed.verdict = VERDICT_TEMPFAIL;
	asked("rcpt user@main.test", "TEMP " TEXT_TEMP, "rcpt: not now");
	asked("access user@main.test", "OK 450 " TEXT_TEMP, "access: not now");
	is_int((int)feed.troubles, 0, "nothing to complain about");
	feed_end(&feed);
}

static void
test_keys(void)
{
	static const char *const parts[] = {
	    "main.test", "test", "@main.test", "user@", "", "@", "user"};

	feed_start(&feed, &socketmap_protocol);
	feed.verdict = VERDICT_REJECT;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char request[64];

		snprintf(request, sizeof(request), "rcpt %s", parts[i]);
		asked(request, "NOTFOUND ", parts[i]);
		snprintf(request, sizeof(request), "access %s", parts[i]);
		asked(request, "NOTFOUND ", parts[i]);
	}
	is_int((int)feed.questions, 0, "no part of an address is asked about");
	asked("rcpt \"a b\\\"c\"@main.test", "NOTFOUND ", "a quoted local part");
	ok(recipient_is("a b\"c@main.test"), "is asked about without quotes");
	asked("rcpt a b@main.test", "NOTFOUND ", "a bare one with a blank");
	ok(recipient_is("a b@main.test"), "is asked about as it is");
	asked("rcpt \"a@main.test", "NOTFOUND ", "and one that begins with a quote");
	ok(recipient_is("\"a@main.test"), "too");
	feed_end(&feed);
}

static void
test_trouble(void)
{
	static char big[120000];

	feed_start(&feed, &socketmap_protocol);
	feed.verdict = VERDICT_REJECT;
	asked("other user@main.test", "PERM there are no maps but rcpt, access and relay",
	    "no such map");
	asked("rcpt", "PERM a request is a map, a blank and a key", "no key");
	asked("", "PERM a request is a map, a blank and a key", "nothing at all");
	memset(big, 'x', sizeof(big));
	memcpy(big, "90000:rcpt ", 11);
	memcpy(big + 6 + 90000 - 10, "@main.test,", 11);
	is_str(feed_bytes(&feed, big, 90007, 1000, false),
	    "36:PERM that is longer than any address,", "a key of 90,000 bytes");
	memcpy(big, "2000:rcpt ", 10);
	memcpy(big + 5 + 2000 - 10, "@main.test,", 11);
	is_str(feed_bytes(&feed, big, 2006, 1000, false),
	    "36:PERM that is longer than any address,", "a key of 2,000 bytes");
	is_int((int)feed.questions, 0, "nothing of that is asked about");
	asked("rcpt user@main.test", "NOTFOUND ", "and it goes on");
	feed_end(&feed);
}

static void
garbage(const char *bytes, const char *name)
{
	feed_start(&feed, &socketmap_protocol);
	feed.verdict = VERDICT_REJECT;
	feed_text(&feed, bytes);
	ok(feed.taken == TAKEN_GARBAGE && feed.out_len == 0 && feed.questions == 0 &&
		feed.troubles == 1,
	    "%s: the end", name);
	feed_end(&feed);
}

static void
test_frames(void)
{
	static const char two[] =
	    "19:rcpt user@main.test,21:access user@main.test,19:rcpt user@";
	static char big[90100];
	size_t bad = 0;

	for (size_t piece = 1; piece < sizeof(two); piece++) {
		feed_start(&feed, &socketmap_protocol);
		bad += strcmp(feed_bytes(&feed, two, sizeof(two) - 1, piece, true),
			   "9:OK accept,8:OK DUNNO,") != 0;
		feed_end(&feed);
	}
	is_int((long long)bad, 0, "two requests in pieces of any size, and half of a third");
	garbage("rcpt user@main.test\n", "no length");
	garbage(":rcpt user@main.test,", "an empty length");
	garbage("19;rcpt user@main.test,", "no colon");
	garbage("19:rcpt user@main.test;", "no comma");
	garbage("18:rcpt user@main.test,", "too short a length");
	garbage("100001:", "too long a length");
	garbage("99999999999999999999999:", "a length of many digits");
	garbage("-1:", "a sign");
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "90000:", 6);
	garbage(big, "no comma behind a long one");
}

int
main(void)
{
	test_maps();
	test_keys();
	test_trouble();
	test_frames();
	return tap_done();
}
