/*
 * Lines of OpenSMTPD: each question gets its answer in the order its version wants, and what is
 * said of a session is kept for the log.
 */
#include "door/opensmtpd.h"

#include "feed.h"
#include "tap.h"

#define PREFIX "filter|0.6|1576146008.006099|smtp-in|rcpt-to|7641df9771b4ed00|1ef1c203cc576e5d|"
#define ANSWER "filter-result|7641df9771b4ed00|1ef1c203cc576e5d|"
#define REPORT "report|0.6|1576146008.006099|smtp-in|"

static struct feed feed;

static bool
recipient_is(const char *text)
{
	return feed.question.recipient_len == strlen(text) &&
	    memcmp(feed.question.recipient, text, strlen(text)) == 0;
}

static void
test_answers(void)
{
	feed_start(&feed, &opensmtpd_protocol);
	is_str(feed_text(&feed, "config|smtpd-version|6.8.0p2\nconfig|subsystem|smtp-in\n"), "",
	    "the configuration is not answered");
	is_str(feed_text(&feed, "config|ready\n"),
	    "register|report|smtp-in|link-connect\nregister|report|smtp-in|tx-mail\n"
	    "register|filter|smtp-in|rcpt-to\nregister|ready\n",
	    "but its end");
	is_str(feed_text(&feed, PREFIX "user@main.test\n"), ANSWER "proceed\n", "accepted");
	ok(recipient_is("user@main.test"), "the recipient");
	feed.verdict = VERDICT_REJECT;
	is_str(feed_text(&feed, PREFIX "user@main.test\n"),
	    ANSWER "reject|550 5.1.1 sorry, no mailbox here by that name (#5.1.1)\n",
	    "refused");
	feed.verdict = VERDICT_TEMPFAIL;
	ok(strncmp(feed_text(&feed, PREFIX "user@main.test\n"), ANSWER "reject|451 4.4.3 sorry",
	       sizeof(ANSWER) + 21) == 0,
	    "put off");
	is_int((int)feed.troubles, 0, "nothing to complain about");
	feed_end(&feed);
}

static void
test_recipients(void)
{
	feed_start(&feed, &opensmtpd_protocol);
	feed_text(&feed, PREFIX "a|b@main.test\n");
	ok(recipient_is("a|b@main.test"), "with a |");
	feed_text(&feed, PREFIX "<user@main.test>\n");
	ok(recipient_is("user@main.test"), "in brackets");
	feed_text(&feed, PREFIX "\"a b\"@main.test\n");
	ok(recipient_is("a b@main.test"), "in quotes");
	feed_text(&feed, PREFIX "@relay.test:user@main.test\n");
	ok(recipient_is("user@main.test"), "behind a source route");
	feed_text(&feed, PREFIX "\n");
	ok(recipient_is("") && feed.questions == 5, "an empty one");
	feed_end(&feed);
}

static void
test_versions(void)
{
	static const struct {
		const char *version;
		bool old;
	} versions[] = {{"0.1", true}, {"0.4", true}, {"0.5", false}, {"0.6", false},
	    {"0.7", false}, {"0.10", false}, {"1.0", false}, {"", false}, {"x", false},
	    {"0.4x", false}, {"0.", false}, {"0.99999999999999999999", false}};
	char line[300], want[300];

	feed_start(&feed, &opensmtpd_protocol);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		snprintf(line, sizeof(line), "filter|%s|1|smtp-in|rcpt-to|session|token|a@b\n",
		    versions[i].version);
		snprintf(want, sizeof(want), "filter-result|%s|proceed\n",
		    versions[i].old ? "token|session" : "session|token");
		is_str(feed_text(&feed, line), want, versions[i].version);
	}
	feed_end(&feed);
}

static void
test_sessions(void)
{
	feed_start(&feed, &opensmtpd_protocol);
	feed_text(&feed,
	    REPORT "link-connect|7641df9771b4ed00|client.test|pass|192.0.2.7:3317|"
		   "192.0.2.1:25\n" PREFIX "user@main.test\n");
	is_str(feed.question.client, "192.0.2.7", "the client");
	ok(!feed.question.has_sender, "no sender yet");
	feed_text(&feed,
	    REPORT "tx-mail|7641df9771b4ed00|5f|ok|me|you@client.test\n" PREFIX
		   "user@main.test\n");
	is_str(feed.question.sender, "me|you@client.test", "the sender");
	feed_text(&feed, REPORT "tx-mail|7641df9771b4ed00|5f|ok|\n" PREFIX "user@main.test\n");
	ok(feed.question.has_sender && feed.question.sender[0] == '\0', "the null sender");
	feed_text(&feed, "filter|0.6|1|smtp-in|rcpt-to|other|token|user@main.test\n");
	ok(!feed.question.has_sender && feed.question.client[0] == '\0',
	    "another session has none of it");
	feed_text(&feed,
	    REPORT "link-connect|7641df9771b4ed00|h|pass|[2001:db8::7]:3317|x\n" PREFIX
		   "user@main.test\n");
	is_str(feed.question.client, "2001:db8::7", "IPv6");
	ok(!feed.question.has_sender, "a new connection of that name");
	feed_text(&feed,
	    "report|0.4|1|smtp-in|tx-mail|7641df9771b4ed00|5f|me@client.test|ok\n" PREFIX
	    "user@main.test\n");
	is_str(feed.question.sender, "me@client.test", "as old versions say it");
	is_int((int)feed.troubles, 0, "nothing to complain about");
	feed_end(&feed);
}

static void
test_odd(void)
{
	static char big[20000];
	size_t bad = 0;

	feed_start(&feed, &opensmtpd_protocol);
	feed.verdict = VERDICT_REJECT;
	is_str(feed_text(&feed, "filter|0.6|1|smtp-in|mail-from|session|token|a@b\n"),
	    "filter-result|session|token|proceed\n", "another question goes through");
	is_str(feed_text(&feed, "filter|0.6|1|smtp-in|rcpt-to|session|token\n"),
	    "filter-result|session|token|proceed\n", "so does one without a recipient");
	is_str(feed_text(&feed, PREFIX "\"user@main.test\n"), ANSWER "proceed\n",
	    "one that is no address");
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, PREFIX, sizeof(PREFIX) - 1);
	memcpy(big + sizeof(big) - 12, "@main.test\n", 11);
	is_str(feed_bytes(&feed, big, sizeof(big) - 1, 1000, false), ANSWER "proceed\n",
	    "and one of 20,000 bytes");
	memcpy(big + 2000, "@main.test\n", 12);
	is_str(feed_text(&feed, big), ANSWER "proceed\n", "or of 2,000");
	is_int((int)feed.questions, 0, "nothing of that is asked about");
	is_int((int)feed.troubles, 5, "all of that is told");
	is_str(feed_text(&feed,
		   "filter|0.6|1|smtp-in|rcpt-to||token|a@b\n"
		   "filter|0.6|1|smtp-in|rcpt-to|session||a@b\n"
		   "filter|0.6|1|smtp-in|rcpt-to|se\rssion|token|a@b\n"
		   "filter|0.6|1|smtp-in|rcpt-to|"
		   "012345678901234567890123456789012|token|a@b\n"
		   "filter|0.6|1|smtp-in|data-line|session|token|a@b\n"
		   "filter\nfilter|\nreport\nreport|x\nreport|||||\nconfig\n\n|\nx\n"
		   "config|ready|x\n"),
	    "", "what can't be answered is not");
	is_int(feed.closed, false, "and ends nothing");
	is_str(feed_text(&feed, PREFIX "user@main.test\n"),
	    ANSWER "reject|550 5.1.1 sorry, no mailbox here by that name (#5.1.1)\n",
	    "it goes on");
	feed_end(&feed);
	for (size_t piece = 1; piece < 100; piece++) {
		feed_start(&feed, &opensmtpd_protocol);
		bad += strcmp(feed_bytes(&feed, PREFIX "a@b\n" PREFIX "a@b\n" PREFIX "a@",
				  3 * sizeof(PREFIX) - 3 + 10, piece, true),
			   ANSWER "proceed\n" ANSWER "proceed\n") != 0;
		feed_end(&feed);
	}
	is_int((long long)bad, 0, "two questions in pieces of any size, and half of a third");
}

int
main(void)
{
	test_answers();
	test_recipients();
	test_versions();
	test_sessions();
	test_odd();
	return tap_done();
}
