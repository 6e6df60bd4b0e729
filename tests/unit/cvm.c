/*
 * Packets of a CVM command module: which become a question, and the packet and exit code for each
 * verdict.
 */
#include "door/cvm.h"

#include "feed.h"
#include "tap.h"

#define REQUEST  "\2\0\1\4user\2\11main.test\4\0\0"
#define BYTES(x) (x), sizeof(x) - 1

static struct feed feed;

static void
packet(const char *bytes, size_t len, const char *want, size_t want_len, enum verdict verdict,
    const char *name)
{
	feed_bytes(&feed, bytes, len, 7, true);
	ok(feed.out_len == want_len && memcmp(feed.out, want, want_len) == 0 &&
		feed.ends == verdict,
	    "%s", name);
	feed_end(&feed);
}

static void
verdict(enum verdict verdict, const char *why)
{
	feed_start(&feed, &cvm_protocol);
	feed.verdict = verdict;
	feed.why = why;
}

static void
test_verdicts(void)
{
	static const char accept[] = "\0\0\1\4user\2\00565534\3\00565534\5\1/";
	static const char scope[] = "\x64\0\x10\0011";

	verdict(VERDICT_ACCEPT, "callout");
	packet(BYTES(REQUEST), accept, sizeof(accept), VERDICT_ACCEPT, "accepted");
	ok(feed.question.recipient_len == 14 &&
		memcmp(feed.question.recipient, "user@main.test", 14) == 0,
	    "the recipient");
	is_int((int)feed.troubles, 0, "nothing to complain about");
	verdict(VERDICT_REJECT, "cache");
	packet(BYTES(REQUEST), BYTES("\x64\0\0"), VERDICT_REJECT, "refused");
	verdict(VERDICT_TEMPFAIL, "cdb");
	packet(BYTES(REQUEST), BYTES("\x6f\0\0"), VERDICT_TEMPFAIL, "put off");
	verdict(VERDICT_ACCEPT, "foreign");
	packet(BYTES(REQUEST), scope, sizeof(scope), VERDICT_REJECT, "foreign: no opinion");
	verdict(VERDICT_ACCEPT, "relay");
	packet(BYTES(REQUEST), scope, sizeof(scope), VERDICT_REJECT, "so for a relay client");
	verdict(VERDICT_ACCEPT, "no-domain");
	packet(BYTES(REQUEST), scope, sizeof(scope), VERDICT_REJECT, "and what is no domain");
	verdict(VERDICT_REJECT, "callout");
	packet(BYTES("\2\3abc\2\11main.test\1\4user\0"), BYTES("\x64\3abc\0"), VERDICT_REJECT,
	    "random bytes come back; the facts in another order");
}

static void
unasked(const char *bytes, size_t len, const char *want, size_t want_len,
    enum verdict verdict_wanted, const char *name)
{
	verdict(VERDICT_REJECT, "callout");
	packet(bytes, len, want, want_len, verdict_wanted, name);
	is_int((int)feed.questions, 0, "... unasked");
}

static void
test_unasked(void)
{
	static const char scope[] = "\x64\0\x10\0011";
	static const char broken[] = "\x6f\0";
	static char big[4000], longest[PROTOCOL_ANSWER_SIZE];
	size_t bad = 0;

	unasked(BYTES("\2\0\1\4user\0"), scope, sizeof(scope), VERDICT_REJECT,
	    "no domain: no opinion");
	unasked(BYTES("\2\0\1\4user\2\0\0"), scope, sizeof(scope), VERDICT_REJECT,
	    "an empty domain");
	unasked(BYTES("\2\0\1\4user\2\11main.test\3\6secret\0"), scope, sizeof(scope),
	    VERDICT_REJECT, "a password: nobody is logged in");
	unasked(BYTES("\2\0\2\11main.test\0"), broken, sizeof(broken), VERDICT_TEMPFAIL,
	    "no account");
	unasked(BYTES("\1\0\1\4user\2\11main.test\0"), broken, sizeof(broken), VERDICT_TEMPFAIL,
	    "another version");
	unasked(BYTES("\2\0\1\4user\2\11main.test\0\0"), broken, sizeof(broken),
	    VERDICT_TEMPFAIL, "bytes behind the end");
	for (size_t len = 1; len < sizeof(REQUEST) - 1; len++) {
		verdict(VERDICT_REJECT, "callout");
		feed_bytes(&feed, REQUEST, len, 1, true);
		bad += feed.questions != 0 || feed.out_len != 3 ||
		    memcmp(feed.out, broken, 3) != 0;
		feed_end(&feed);
	}
	is_int((long long)bad, 0, "a packet cut anywhere");
	memset(big, 0, sizeof(big));
	memcpy(big, REQUEST, sizeof(REQUEST));
	unasked(big, sizeof(big), broken, sizeof(broken), VERDICT_TEMPFAIL, "4,000 bytes");
	verdict(VERDICT_REJECT, "callout");
	packet("", 0, "", 0, VERDICT_ACCEPT, "nothing in, nothing out");
	is_int(feed.taken, TAKEN_GARBAGE, "which is a failure");

	memset(big, 'x', sizeof(big));
	memcpy(big, "\2\0\1\377", 4);
	memcpy(big + 4 + 255, "\2\371", 2);
	big[4 + 255 + 2 + 249] = '\0';
	verdict(VERDICT_ACCEPT, "callout");
	feed_bytes(&feed, big, 511, 100, true);
	memcpy(longest, "\0\0\1\377", 4);
	memset(longest + 4, 'x', 255);
	ok(feed.questions == 1 && feed.question.recipient_len == 255 + 1 + 249 &&
		feed.out_len > 260 && memcmp(feed.out, longest, 259) == 0,
	    "the longest account");
	feed_end(&feed);
}

int
main(void)
{
	test_verdicts();
	test_unasked();
	return tap_done();
}
