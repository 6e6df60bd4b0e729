/*
 * Postfix's policy requests: what is asked, and what never is refused.
 */
#include "door/policy.h"

#include "feed.h"
#include "tap.h"

#define REQUEST "request=smtpd_access_policy\nprotocol_state=RCPT\n"
#define NONE    "action=DUNNO\n\n"

static struct feed feed;

static void
test_question(void)
{
	static const char request[] =
	    REQUEST "protocol_name=ESMTP\nhelo_name=a=b\nsender=me@client.test\n"
		    "recipient=User+x@Main.TEST\nclient_address=192.0.2.7\nsasl_username=\n"
		    "server_address=192.0.2.1\nserver_port=25\nsize=0\n\n";

	feed_start(&feed, &policy_protocol);
	is_str(feed_text(&feed, request), NONE, "accepted: no opinion");
	ok(feed.question.recipient_len == 16 &&
		memcmp(feed.question.recipient, "User+x@Main.TEST", 16) == 0,
	    "the recipient as it is");
	is_str(feed.question.sender, "me@client.test", "the sender");
	ok(feed.question.has_sender, "is known");
	is_str(feed.question.client, "192.0.2.7", "the client");
	is_str(feed.question.self, "192.0.2.1:25", "and where it came in");
	feed.verdict = VERDICT_REJECT;
	is_str(feed_text(&feed, request),
	    "action=550 5.1.1 sorry, no mailbox here by that name (#5.1.1)\n\n", "refused");
	feed.verdict = VERDICT_TEMPFAIL;
	ok(strncmp(feed_text(&feed, request), "action=450 4.4.3 sorry", 22) == 0 &&
		strcmp(feed.out + feed.out_len - 2, "\n\n") == 0,
	    "put off");
	is_int((int)feed.troubles, 0, "nothing to complain about");
	feed_text(&feed, REQUEST "recipient=a@b.test\nsender=\n\n");
	ok(feed.question.has_sender && feed.question.sender[0] == '\0' &&
		feed.question.client[0] == '\0' && feed.question.self[0] == '\0',
	    "the null sender; and nothing is left of the last request");
	feed_text(&feed,
	    REQUEST "recipient=a@b.test\nserver_address=2001:db8::1\nserver_port=25\n\n");
	is_str(feed.question.self, "[2001:db8::1]:25", "IPv6");
	feed_end(&feed);
}

static void
unasked(const char *request, const char *trouble, const char *name)
{
	feed_start(&feed, &policy_protocol);
	feed.verdict = VERDICT_REJECT;
	is_str(feed_text(&feed, request), NONE, name);
	ok(feed.questions == 0 &&
		strcmp(feed.trouble != NULL ? feed.trouble : "", trouble) == 0,
	    "... unasked, trouble '%s'", trouble);
	feed_end(&feed);
}

static void
test_unasked(void)
{
	static char big[20000];

	unasked("request=smtpd_access_policy\nprotocol_state=DATA\nrecipient=a@b.test\n\n", "",
	    "another state");
	unasked("request=smtpd_access_policy\nrecipient=a@b.test\n\n", "", "no state");
	unasked(
	    REQUEST "recipient=a@b.test\nsasl_username=joe\n\n", "", "a client that logged in");
	unasked("request=other\nprotocol_state=RCPT\nrecipient=a@b.test\n\n",
	    "not request=smtpd_access_policy", "another request");
	unasked("protocol_state=RCPT\nrecipient=a@b.test\n\n",
	    "not request=smtpd_access_policy", "no request");
	unasked(
	    REQUEST "recipient=a@b.test\nrubbish\n\n", "a line without name=", "a bad line");
	unasked(REQUEST "recipient=a@b.test\n=x\n\n", "a line without name=", "an empty name");
	unasked(REQUEST "\n", "no recipient", "no recipient");
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, REQUEST "recipient=", sizeof(REQUEST) + 9);
	memcpy(big + sizeof(big) - 13, "@main.test\n\n", 12);
	unasked(big, "a recipient longer than any can be", "a recipient of 20,000 bytes");
}

static void
test_stream(void)
{
	static const char two[] = REQUEST "recipient=a@b.test\r\n\r\n" REQUEST
					  "recipient=b@b.test\n\n\n\n" REQUEST "recipient=c@";
	static char big[30000];
	size_t bad = 0;

	for (size_t piece = 1; piece < sizeof(two); piece++) {
		feed_start(&feed, &policy_protocol);
		bad += strcmp(feed_bytes(&feed, two, sizeof(two) - 1, piece, true),
			   NONE NONE) != 0 ||
		    feed.questions != 2;
		feed_end(&feed);
	}
	is_int((long long)bad, 0, "two requests in pieces of any size, and half of a third");
	feed_start(&feed, &policy_protocol);
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, REQUEST "sender=", sizeof(REQUEST) + 6);
	memcpy(big + sizeof(big) - 22, "\nrecipient=a@b.test\n\n", 21);
	is_str(feed_bytes(&feed, big, sizeof(big) - 1, 1000, false), NONE,
	    "a sender of 30,000 bytes");
	ok(feed.questions == 1 && strlen(feed.question.sender) == PROTOCOL_SENDER_SIZE - 1,
	    "is cut");
	feed_end(&feed);
}

int
main(void)
{
	test_question();
	test_unasked();
	test_stream();
	return tap_done();
}
