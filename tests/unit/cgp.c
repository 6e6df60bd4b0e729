/*
 * Lines of CommuniGate Pro: what is asked, wherever in the line it stands, and the three answers.
 */
#include "door/cgp.h"

#include "feed.h"
#include "tap.h"

static struct feed feed;

static bool
recipient_is(const char *text)
{
	return feed.question.recipient_len == strlen(text) &&
	    memcmp(feed.question.recipient, text, strlen(text)) == 0;
}

static void
set_server(size_t number, uint8_t family, uint8_t last, uint16_t port)
{
	struct record_server *server = &feed.check.record.servers[number];

	memset(server, 0, sizeof(*server));
	server->family = family;
	server->port = port;
	memcpy(
	    server->address, family == 4 ? "\xc0\0\2" : "\x20\1\xd\xb8", family == 4 ? 3 : 4);
	server->address[family == 4 ? 3 : 15] = last;
	if (feed.check.record.server_count <= number)
		feed.check.record.server_count = number + 1;
}

static void
start(void)
{
	feed_start(&feed, &cgp_protocol);
	set_server(0, 4, 1, 25);
}

static void
test_answers(void)
{
	start();
	is_str(feed_text(&feed, "000123 NEW [MAIL] User@Main.TEST\n"),
	    "000123 ROUTED User%Main.TEST@[192.0.2.1]\n", "accepted");
	ok(recipient_is("User@Main.TEST"), "the recipient as it is");
	feed.why = "foreign";
	is_str(feed_text(&feed, "1 NEW [MAIL] user@main.test\n"),
	    "1 ERROR not one of our domains\n", "foreign: the server goes on");
	feed.why = "no-domain";
	is_str(feed_text(&feed, "1 NEW [MAIL] user@main!test\n"),
	    "1 FAILURE this address can't be routed\n", "what is no domain is put off");
	feed.verdict = VERDICT_REJECT;
	is_str(feed_text(&feed, "1 NEW [MAIL] user@main.test\n"), "1 ERROR no such user\n",
	    "refused");
	feed.verdict = VERDICT_TEMPFAIL;
	is_str(feed_text(&feed, "1 NEW [MAIL] user@main.test\n"),
	    "1 FAILURE this address can't be verified right now\n", "put off");
	is_int((int)feed.troubles, 0, "nothing to complain about");
	feed_end(&feed);
}

static void
test_routes(void)
{
	start();
	set_server(1, 6, 2, 25);
	feed.check.asked = true;
	strcpy(feed.check.outcome.host, "[2001:db8::2]:25");
	/* check_settle forgets who was asked */
	is_str(feed_text(&feed, "1 NEW user@main.test\n"),
	    "1 ROUTED user%main.test@[192.0.2.1]\n", "the first server, if nobody was asked");
	is_str(feed_text(&feed, "1 NEW \"a b\"@main.test\n"),
	    "1 ROUTED \"a b%main.test\"@[192.0.2.1]\n", "a local part that needs quotes");
	is_str(feed_text(&feed, "1 NEW [ MAIL ] <user@main.test.>\n"),
	    "1 ROUTED user%main.test@[192.0.2.1]\n", "brackets, blanks and a dot behind it");
	is_str(feed_text(&feed, "1 NEW [SIGNAL] user@main.test\n"),
	    "1 ERROR only addresses of mail are looked up\n", "another type");
	is_str(feed_text(&feed, "1 NEW [] user@main.test\n"),
	    "1 FAILURE a type that makes no sense\n", "and an empty one");
	is_str(feed_text(&feed, "1 NEW [MAIL,x] user@main.test\n"),
	    "1 FAILURE a type that makes no sense\n", "what may be a type of mail is put off");
	is_str(feed_text(&feed, "1 NEW a%b@main.test\n"),
	    "1 ROUTED a%b%main.test@[192.0.2.1]\n", "one with a %");
	is_str(feed_text(&feed, "1 NEW a\rb@main.test\n"),
	    "1 FAILURE this address can't be routed\n", "one that is never put on a wire");
	is_str(feed_text(&feed, "1 NEW @main.test\n"),
	    "1 FAILURE this address can't be routed\n", "an empty one");
	is_str(feed_text(&feed, "1 NEW \"a@main.test\n"),
	    "1 FAILURE this address can't be routed\n", "one without its closing quote");
	feed.check.record.server_count = 0;
	is_str(feed_text(&feed, "1 NEW user@main.test\n"),
	    "1 FAILURE this domain has no server to route to\n", "no server");
	cgp_options.keyword = "OK";
	set_server(0, 6, 1, 2525);
	is_str(feed_text(&feed, "1 NEW user@main.test\n"),
	    "1 OK user%main.test@[2001:db8::1]\n", "another keyword; IPv6; no port");
	cgp_options.keyword = "ROUTED";
	feed_end(&feed);
}

/* The server that was asked: by a check, since a settled one has none. */
static void
route(const char *host, const char *want, const char *name)
{
	static struct question question;

	question_clear(&question);
	question_copy(question.token, sizeof(question.token), "7", 1);
	(void)question_set_recipient(&question, "a@b.test", 8);
	check_settle(&feed.check, VERDICT_ACCEPT, "cache", 0);
	feed.check.asked = true;
	question_copy(
	    feed.check.outcome.host, sizeof(feed.check.outcome.host), host, strlen(host));
	answer_start(&feed.answer);
	cgp_protocol.tell(&question, &feed.check, &feed.answer);
	feed.answer.bytes[feed.answer.len] = '\0';
	is_str(feed.answer.bytes, want, name);
}

static void
test_asked(void)
{
	start();
	set_server(1, 6, 2, 25);
	set_server(2, 4, 3, 2525);
	route("[2001:db8::2]:25", "7 ROUTED a%b.test@[2001:db8::2]\n",
	    "the server that said yes");
	route("192.0.2.3:2525", "7 ROUTED a%b.test@[192.0.2.3]\n", "on another port");
	route("192.0.2.9:25", "7 ROUTED a%b.test@[192.0.2.1]\n", "one that is gone since");
	route("", "7 ROUTED a%b.test@[192.0.2.1]\n", "none answered");
	feed_end(&feed);
}

static const char *
line(const char *text)
{
	char whole[100];

	snprintf(whole, sizeof(whole), "%s\n", text);
	return feed_text(&feed, whole);
}

static void
test_shapes(void)
{
	static const char *const same[] = {"1 NEW user@main.test",
	    "1 NEW [MAIL] user@main.test", "1 NEW user@main.test [MAIL]",
	    "1 NEW (SMTP) user@main.test", "1 NEW [mail] (SMTP) user@main.test extra x@y",
	    "1 new user user@main.test\r", " 1  NEW\tuser@main.test ",
	    "1 NEW [MAIL]user@main.test", "1 NEW \"user\"@main.test"};
	static const char *const mail_only[] = {
	    "1 NEW [SIGNAL] user@main.test", "1 NEW user@main.test [ACCESS]"};
	static const char *const unclosed[] = {
	    "1 NEW [MAIL", "1 NEW [x user@main.test", "1 NEW user@main.test (", "1 NEW ["};
	static const char *const no_address[] = {
	    "1 NEW", "1 NEW user", "1 NEW [MAIL] user", "1 NEW (a@b)"};

	start();
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		is_str(line(same[i]), "1 ROUTED user%main.test@[192.0.2.1]\n", "a shape");
		ok(recipient_is("user@main.test"), "the recipient of it: %zu", i);
	}
	feed_end(&feed);
	start();
	feed.verdict = VERDICT_REJECT;
	for (size_t i = 0; i < sizeof(mail_only) / sizeof(mail_only[0]); i++)
		is_str(line(mail_only[i]), "1 ERROR only addresses of mail are looked up\n",
		    mail_only[i]);
	for (size_t i = 0; i < sizeof(unclosed) / sizeof(unclosed[0]); i++)
		is_str(line(unclosed[i]), "1 FAILURE a bracket without its end\n", unclosed[i]);
	for (size_t i = 0; i < sizeof(no_address) / sizeof(no_address[0]); i++)
		is_str(line(no_address[i]), "1 ERROR no full address\n", no_address[i]);
	cgp_options.typed = true;
	is_str(feed_text(&feed, "1 NEW user@main.test\n"),
	    "1 ERROR only addresses of mail are looked up\n", "-r: no type");
	is_int((int)feed.questions, 0, "none of that is asked about");
	is_str(feed_text(&feed, "1 NEW [MAIL] user@main.test\n"), "1 ERROR no such user\n",
	    "-r: with it");
	cgp_options.typed = false;
	feed_end(&feed);
}

static void
test_commands(void)
{
	start();
	is_str(feed_text(&feed, "1 INTF 7\n"), "1 INTF 3\n", "INTF");
	is_str(feed_text(&feed,
		   "2 VRFY (IMAP) user@main.test secret\n3 SASL(CRAM-MD5) x y z\n"
		   "4 READPLAIN user@main.test\n5\n"),
	    "2 ERROR unexpected command: VRFY\n3 ERROR unexpected command: SASL(CRAM-MD5)\n"
	    "4 ERROR unexpected command: READPLAIN\n5 ERROR unexpected command: \n",
	    "what is not ours; no password is said again");
	is_str(feed_text(&feed, "6 \x1b[2J\x80\n"), "6 ERROR unexpected command: ?[2J?\n",
	    "printable");
	is_str(feed_text(&feed, "\n* note\n   \n"), "", "empty lines and notes");
	is_int((int)feed.troubles, 0, "nothing to complain about");
	is_str(feed_text(&feed, "9 QUIT\n10 INTF 1\n"), "9 OK\n", "QUIT");
	is_int(feed.taken, TAKEN_LAST, "is the end");
	feed_end(&feed);
}

static void
test_odd(void)
{
	static char big[20000];
	size_t bad = 0;

	start();
	feed.verdict = VERDICT_REJECT;
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "123 NEW [MAIL] ", 15);
	memcpy(big + sizeof(big) - 12, "@main.test\n", 11);
	is_str(feed_bytes(&feed, big, sizeof(big) - 1, 1000, false),
	    "123 FAILURE too long a line\n", "a line of 20,000 bytes");
	memcpy(big + 2000, "@main.test\n", 12);
	is_str(feed_text(&feed, big), "123 FAILURE this address can't be routed\n",
	    "an address of 2,000");
	is_str(feed_text(&feed,
		   "a\x1b"
		   "b NEW user@main.test\n"),
	    "", "no number to answer with");
	memset(big, '1', 200);
	memcpy(big + 200, " NEW user@main.test\n", 21);
	is_str(feed_text(&feed, big), "", "one of 200 digits");
	is_int((int)feed.questions, 0, "none of that is asked about");
	is_int((int)feed.troubles, 3, "but told");
	feed_end(&feed);
	for (size_t piece = 1; piece < 60; piece++) {
		start();
		bad +=
		    strcmp(feed_bytes(&feed, "1 NEW a@b\n2 NEW c@d\n3 NEW e@", 28, piece, true),
			"1 ROUTED a%b@[192.0.2.1]\n2 ROUTED c%d@[192.0.2.1]\n") != 0;
		feed_end(&feed);
	}
	is_int((long long)bad, 0, "two questions in pieces of any size, and half of a third");
}

int
main(void)
{
	test_answers();
	test_routes();
	test_asked();
	test_shapes();
	test_commands();
	test_odd();
	return tap_done();
}
