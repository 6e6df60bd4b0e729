/*
 * nginx's questions, who is let in, and what is answered.
 */
#include "door/authmail.h"

#include "door/authdigest.h"
#include "door/authreply.h"
#include "tap.h"

#define HEAD  "GET / HTTP/1.0\r\n"
#define PLAIN "Auth-Method: plain\r\n"
#define IMAP  "Auth-Protocol: imap\r\n"
#define POP3  "Auth-Protocol: pop3\r\n"
#define SMTP  "Auth-Protocol: smtp\r\n"
#define USER  "Auth-User: alice\r\n"

static struct httprequest request;
static struct authquestion question;
static struct route who = {.match = ROUTE_USER, .spelled = true};
static char reply[AUTHREPLY_MAX + 1];

static const char *
read_question(const char *headers)
{
	size_t room;
	char *to;

	httprequest_clear(&request);
	to = httprequest_room(&request, &room);
	(void)httprequest_take(&request, (size_t)snprintf(to, room, HEAD "%s\r\n", headers));
	if (request.state != HTTPREQUEST_WHOLE)
		return request.trouble;
	return authquestion_read(&question, &request);
}

static void
test_question(void)
{
	ok(read_question(PLAIN IMAP
	       "Auth-User: al%20ice%25x\r\nAuth-Pass: p%20\r\nAuth-Login-Attempt: 12\r\n"
	       "Client-IP: 203.0.113.77\r\n") == NULL,
	    "a question");
	is_str(question.user, "al ice%x", "the user");
	is_str(question.pass, "p ", "the password");
	is_str(question.client, "203.0.113.77", "the client");
	is_int(question.attempt, 12, "the attempt");
	is_int(question.protocol, AUTHQUESTION_IMAP, "the protocol");
	ok(read_question("Auth-Method: login\r\n" SMTP USER) == NULL &&
		question.method == AUTHQUESTION_PLAIN,
	    "login is plain");
	is_str(question.client, "", "nothing is left of the last client");
	ok(read_question(PLAIN IMAP USER "Client-IP: x\r\n") == NULL &&
		question.client[0] == '\0',
	    "a client that has no address");
	ok(read_question(PLAIN IMAP USER "Auth-Login-Attempt: 9999999999999\r\n") == NULL &&
		question.attempt == 0,
	    "no attempt has such a number");
	is_str(
	    read_question(PLAIN USER), "no Auth-Protocol of imap, pop3 or smtp", "no protocol");
	is_str(read_question("Auth-Method: gssapi\r\n" IMAP USER),
	    "an Auth-Method that is not known", "another method");
	is_str(read_question(PLAIN IMAP), "no Auth-User", "no user");
	is_str(read_question(PLAIN IMAP "Auth-User: a%0d%0aX: y\r\n"),
	    "an Auth-User that no user has", "a user with the end of a line in it");
	is_str(read_question(PLAIN IMAP "Auth-User: a%zz\r\n"), "an Auth-User that no user has",
	    "an escape that is none");
	is_str(read_question(PLAIN IMAP USER "Auth-Pass: a%00b\r\n"),
	    "an Auth-Pass that is too long, or has a NUL", "a NUL in the password");
	is_str(read_question("Auth-Method: none\r\n" IMAP),
	    "Auth-Method none for what is not smtp", "none is for smtp");
	is_str(read_question("Auth-Method: apop\r\n" IMAP USER),
	    "Auth-Method apop for what is not pop3", "apop is for pop3");
}

static void
test_envelope(void)
{
	ok(read_question(
	       "Auth-Method: none\r\n" SMTP "Auth-SMTP-From: MAIL FROM:<a b@x.y> SIZE=10\r\n"
	       "Auth-SMTP-To: RCPT TO:<\"q u\"@Example.org> NOTIFY=NEVER\r\n") == NULL,
	    "a recipient");
	is_str(question.recipient, "q u@Example.org", "without quotes");
	ok(question.has_recipient && !question.has_sender,
	    "a sender that makes no sense is not known");
	ok(read_question("Auth-Method: none\r\n" SMTP "Auth-SMTP-From: mail from:<>\r\n"
			 "Auth-SMTP-To: RCPT TO:<a@b.c>@d.e\r\n") == NULL &&
		!question.has_recipient,
	    "a recipient that is not certain");
	ok(question.has_sender && question.sender[0] == '\0', "the null sender");
	ok(read_question("Auth-Method: none\r\n" SMTP "Auth-SMTP-To: RCPT TO:<>\r\n") == NULL &&
		!question.has_recipient,
	    "nobody");
	ok(read_question("Auth-Method: none\r\n" SMTP) == NULL && !question.has_recipient,
	    "none at all");
}

static void
decided(const struct authmail_policy *policy, const char *headers, const char *secret,
    enum authmail_step step, const char *why, const char *name)
{
	struct authmail_decision decision;

	is_str(read_question(headers) == NULL ? "" : "bad", "", name);
	strcpy(who.secret, secret);
	decision = authmail_begin(policy, &question);
	if (decision.step == AUTHMAIL_LOGIN)
		decision = authmail_login(policy, &question, &who);
	is_int(decision.step, step, "... decided");
	is_str(decision.why, why, "... why");
	ok(decision.gives_secret ==
		(secret[0] != '\0' &&
		    (step == AUTHMAIL_CHECKPW ||
			(step == AUTHMAIL_ACCEPT && question.method != AUTHQUESTION_PLAIN))),
	    "... the secret is given to nginx where it must, and nowhere else");
}

static void
test_plain(void)
{
	const struct authmail_policy none = {0}, program = {.checkpw = true};

	decided(&none, PLAIN IMAP USER "Auth-Pass: pw\r\n", "", AUTHMAIL_ACCEPT, "backend",
	    "left to the server behind");
	decided(&none, PLAIN SMTP USER "Auth-Pass: pw\r\n", "", AUTHMAIL_TEMPORARY,
	    "unverified", "but not for SMTP, where nobody would ask again");
	decided(&none, PLAIN POP3 USER "Auth-Pass: pw\r\n", "pw", AUTHMAIL_ACCEPT, "secret",
	    "the secret");
	decided(&none, PLAIN SMTP USER "Auth-Pass: pw\r\n", "pw", AUTHMAIL_ACCEPT, "secret",
	    "for SMTP too");
	decided(&none, PLAIN POP3 USER "Auth-Pass: pwx\r\n", "pw", AUTHMAIL_DENY, "secret",
	    "longer than the secret");
	decided(&none, PLAIN POP3 USER "Auth-Pass: pwpw\r\n", "pw", AUTHMAIL_DENY, "secret",
	    "the secret twice");
	decided(&none, PLAIN POP3 USER "Auth-Pass: p\r\n", "pw", AUTHMAIL_DENY, "secret",
	    "a part of it");
	decided(&none, PLAIN IMAP USER "Auth-Pass: \r\n", "", AUTHMAIL_DENY, "empty",
	    "no password is nobody's");
	decided(&program, PLAIN IMAP USER "Auth-Pass: pw\r\n", "other", AUTHMAIL_CHECKPW,
	    "checkpassword", "by the program, the secret is that of the server behind");
	decided(&program, PLAIN IMAP USER "Auth-Pass: pw\r\n", "", AUTHMAIL_CHECKPW,
	    "checkpassword", "by the program, without a secret");
}

/* The examples of RFC 2195 2 and RFC 1939 7. */
#define CRAM                                                                                   \
	"Auth-Method: cram-md5\r\nAuth-User: tim\r\n"                                          \
	"Auth-Salt: <1896.697170952@postoffice.reston.mci.net>\r\n"
#define APOP                                                                                   \
	"Auth-Method: apop\r\nAuth-User: mrose\r\n"                                            \
	"Auth-Salt: <1896.697170952@dbc.mtview.ca.us>\r\n"

static void
test_digests(void)
{
	const struct authmail_policy policy = {.trusted = true}, open = {0};

	decided(&policy, CRAM IMAP "Auth-Pass: b913a602c7eda7a495b4e6e7334d3890\r\n",
	    "tanstaaftanstaaf", AUTHMAIL_ACCEPT, "digest", "CRAM-MD5");
	decided(&policy, CRAM IMAP "Auth-Pass: B913A602C7EDA7A495B4E6E7334D3890\r\n",
	    "tanstaaftanstaaf", AUTHMAIL_ACCEPT, "digest", "CRAM-MD5 in upper case");
	decided(&policy, CRAM IMAP "Auth-Pass: b913a602c7eda7a495b4e6e7334d3891\r\n",
	    "tanstaaftanstaaf", AUTHMAIL_DENY, "digest", "a wrong one");
	decided(&policy, CRAM IMAP "Auth-Pass: b913a602c7eda7a495b4e6e7334d38900\r\n",
	    "tanstaaftanstaaf", AUTHMAIL_DENY, "digest", "one that is too long");
	decided(&policy, CRAM IMAP "Auth-Pass: \r\n", "tanstaaftanstaaf", AUTHMAIL_DENY,
	    "digest", "none");
	decided(&policy, CRAM IMAP "Auth-Pass: b913a602c7eda7a495b4e6e7334d3890\r\n", "",
	    AUTHMAIL_TEMPORARY, "no-secret", "without a secret that is nobody's fault");
	decided(&policy, APOP POP3 "Auth-Pass: c4c9334bac560ecc979e58001b3e22fb\r\n",
	    "tanstaaf", AUTHMAIL_ACCEPT, "digest", "APOP");
	decided(&policy, APOP POP3 "Auth-Pass: c4c9334bac560ecc979e58001b3e22fb\r\n",
	    "tanstaag", AUTHMAIL_DENY, "digest", "with another secret");
	decided(&policy,
	    "Auth-Method: apop\r\n" USER POP3 "Auth-Pass: 5ebe2294ecd0e0f08eab7690d2a6ee69\r\n",
	    "secret", AUTHMAIL_DENY, "digest", "without a salt anybody could say it again");
	decided(&open, CRAM IMAP "Auth-Pass: b913a602c7eda7a495b4e6e7334d3890\r\n",
	    "tanstaaftanstaaf", AUTHMAIL_TEMPORARY, "untrusted",
	    "a digest with a salt of who may not be nginx");
	decided(&open, APOP POP3 "Auth-Pass: c4c9334bac560ecc979e58001b3e22fb\r\n", "tanstaaf",
	    AUTHMAIL_TEMPORARY, "untrusted", "the same with APOP");
}

#define EXTERNAL "Auth-Method: external\r\n" IMAP USER

static void
test_certificates(void)
{
	const struct authmail_policy trusted = {.trusted = true, .alone = true}, open = {0};
	const struct authmail_policy group = {.trusted = true},
				     key = {.trusted = true, .key = "k"};

	decided(&group, EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: CN=alice\r\n",
	    "s", AUTHMAIL_TEMPORARY, "external-needs-key",
	    "a certificate, says somebody on a socket");
	decided(&group, EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: CN=alice\r\n",
	    "", AUTHMAIL_TEMPORARY, "no-secret", "who could get nothing");
	decided(&key,
	    EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: CN=alice\r\n"
		     "X-Auth-Key: k\r\n",
	    "s", AUTHMAIL_ACCEPT, "certificate", "who knows the key");
	decided(&trusted,
	    EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: CN=alice,O=X\r\n", "s",
	    AUTHMAIL_ACCEPT, "certificate", "a certificate");
	decided(&trusted,
	    EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: O=X,CN=alic\r\n", "s",
	    AUTHMAIL_DENY, "certificate", "of somebody else");
	decided(&trusted,
	    EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: O=CN\\=x\\,CN=alice\r\n",
	    "s", AUTHMAIL_DENY, "certificate", "with an escape");
	decided(&trusted, EXTERNAL "Auth-SSL-Verify: NONE\r\nAuth-SSL-Subject: CN=alice\r\n",
	    "s", AUTHMAIL_DENY, "certificate", "that is not verified");
	decided(&trusted, EXTERNAL, "s", AUTHMAIL_DENY, "certificate", "none");
	decided(&open, EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: CN=alice\r\n",
	    "s", AUTHMAIL_TEMPORARY, "untrusted", "from who may not be nginx");
	decided(&trusted, EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: CN=alice\r\n",
	    "", AUTHMAIL_TEMPORARY, "no-secret", "without a secret for the server behind");
	ok(authmail_subject_names("O=X,emailAddress=a@b.c", 22, "a@b.c"), "by an address");
	ok(authmail_subject_names("OU=y+CN=joe", 11, "joe"), "in a part with two attributes");
	ok(!authmail_subject_names("CN=joe,O=joe", 12, "joe,O=joe"),
	    "no user is named like it");
	ok(!authmail_subject_names("", 0, ""), "nobody");
}

/* To whom the secret of a row is given, and of whom it is the password. */
static void
test_whose(void)
{
	const struct authmail_policy trusted = {.trusted = true, .alone = true},
				     program = {.trusted = true, .checkpw = true};
	static const struct {
		enum authmail_step step; /* by a certificate */
		const char *why;
		struct route route;
		bool own;
		const char *name;
	} cases[] = {
	    {AUTHMAIL_ACCEPT, "certificate",
		{.match = ROUTE_ADDRESS, .qualified = true, .of_domain = true, .spelled = true},
		true, "a user with his domain"},
	    {AUTHMAIL_TEMPORARY, "no-domain",
		{.match = ROUTE_USER, .qualified = true, .spelled = true}, true,
		"a user of who knows which domain"},
	    {AUTHMAIL_TEMPORARY, "spelling", {.match = ROUTE_USER}, true,
		"somebody who is spelt like him"},
	    {AUTHMAIL_ACCEPT, "certificate",
		{.match = ROUTE_RANGE, .qualified = true, .of_domain = true, .spelled = true},
		false, "a range of his domain"},
	    {AUTHMAIL_TEMPORARY, "no-domain",
		{.match = ROUTE_RANGE, .qualified = true, .spelled = true}, false,
		"a range of all domains"},
	    {AUTHMAIL_ACCEPT, "certificate",
		{.match = ROUTE_DOMAIN, .qualified = true, .of_domain = true, .spelled = true},
		false, "his domain"},
	    {AUTHMAIL_TEMPORARY, "no-domain",
		{.match = ROUTE_ALL, .qualified = true, .spelled = true}, false,
		"all, of all domains"},
	    {AUTHMAIL_ACCEPT, "certificate", {.match = ROUTE_ALL, .spelled = true}, false,
		"all, and no domains"},
	};
	struct authmail_decision decision;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool given = cases[i].step == AUTHMAIL_ACCEPT;

		who = cases[i].route;
		decided(&trusted,
		    EXTERNAL "Auth-SSL-Verify: SUCCESS\r\nAuth-SSL-Subject: CN=alice\r\n", "s",
		    cases[i].step, cases[i].why, cases[i].name);
		decided(&program, PLAIN IMAP USER "Auth-Pass: s\r\n", "s", AUTHMAIL_CHECKPW,
		    "checkpassword", "... a program is asked");
		decision = authmail_login(&program, &question, &who);
		is_str(decision.withheld == NULL ? "certificate" : decision.withheld,
		    cases[i].why,
		    given ? "... and its yes gives it" : "... but it is not given");
		ok(authmail_folds(&program, &question, &who) == !who.spelled,
		    "... asked about in lower case if need be");
		decided(&trusted, PLAIN IMAP USER "Auth-Pass: s\r\n", "s", AUTHMAIL_ACCEPT,
		    cases[i].own ? "secret" : "backend", "... a password");
		decided(&trusted, CRAM IMAP "Auth-Pass: b913a602c7eda7a495b4e6e7334d3890\r\n",
		    "tanstaaftanstaaf", cases[i].own ? AUTHMAIL_ACCEPT : AUTHMAIL_TEMPORARY,
		    cases[i].own ? "digest" : "no-secret", "... a digest");
		who.secret[0] = '\0';
		(void)read_question(PLAIN IMAP USER "Auth-Pass: s\r\n");
		decision = authmail_login(&program, &question, &who);
		ok(decision.withheld == NULL && !authmail_folds(&program, &question, &who),
		    "... without a secret nothing is withheld");
	}
	who = (struct route){.match = ROUTE_USER, .spelled = true};
	(void)read_question(PLAIN IMAP USER "Auth-Pass: s\r\n");
	ok(!authmail_folds(&trusted, &question, &who), "without a program nobody is folded");
}

static void
test_key(void)
{
	const struct authmail_policy policy = {.key = "sekrit", .trusted = true};

	decided(&policy, PLAIN IMAP USER "Auth-Pass: x\r\nX-Auth-Key: sekrit\r\n", "",
	    AUTHMAIL_ACCEPT, "backend", "the key");
	decided(&policy, PLAIN IMAP USER "Auth-Pass: x\r\nX-Auth-Key: sekri\r\n", "",
	    AUTHMAIL_TEMPORARY, "key", "a wrong key");
	decided(&policy, PLAIN IMAP USER "Auth-Pass: x\r\n", "", AUTHMAIL_TEMPORARY, "key",
	    "no key");
	decided(&policy,
	    "Auth-Method: none\r\n" SMTP "Auth-SMTP-To: RCPT TO:<a@b.c>\r\n"
	    "X-Auth-Key: sekrit\r\n",
	    "", AUTHMAIL_RECIPIENT, "", "a recipient");
	decided(&policy, "Auth-Method: none\r\n" SMTP "X-Auth-Key: sekrit\r\n", "",
	    AUTHMAIL_TEMPORARY, "recipient", "and none");
}

static const char *
denied(enum authreply_kind kind)
{
	reply[authreply_deny(reply, kind, &question)] = '\0';
	return reply;
}

static void
test_denials(void)
{
	(void)read_question(PLAIN IMAP USER "Auth-Login-Attempt: 1\r\n");
	is_str(denied(AUTHREPLY_WRONG),
	    "HTTP/1.0 200 OK\r\nAuth-Status: [AUTHENTICATIONFAILED] Invalid login or "
	    "password\r\n"
	    "Auth-Wait: 1\r\n\r\n",
	    "IMAP, wrong");
	question.protocol = AUTHQUESTION_POP3;
	question.attempt = 9;
	is_str(denied(AUTHREPLY_TEMPORARY),
	    "HTTP/1.0 200 OK\r\nAuth-Status: [SYS/TEMP] Temporary failure, please try again "
	    "later\r\nAuth-Wait: 15\r\n\r\n",
	    "POP3, temporary, the wait has grown");
	question.attempt = 10;
	ok(strstr(denied(AUTHREPLY_WRONG), "Auth-Wait") == NULL, "and ends");
	question.attempt = 0;
	ok(strstr(denied(AUTHREPLY_WRONG), "Auth-Wait: 1\r\n") != NULL, "no attempt is known");
	question.protocol = AUTHQUESTION_SMTP;
	ok(strstr(denied(AUTHREPLY_WRONG), "Auth-Error-Code: 535 5.7.8\r\n") != NULL,
	    "SMTP, wrong");
	ok(strstr(denied(AUTHREPLY_UNKNOWN), "Auth-Error-Code: 454 4.7.0\r\n") != NULL,
	    "a login is never an unknown recipient");
	question.method = AUTHQUESTION_NONE;
	question.attempt = 19;
	is_str(denied(AUTHREPLY_UNKNOWN),
	    "HTTP/1.0 200 OK\r\nAuth-Status: sorry, no mailbox here by that name (#5.1.1)\r\n"
	    "Auth-Error-Code: 550 5.1.1\r\nAuth-Wait: 1\r\n\r\n",
	    "an unknown recipient");
	question.attempt = 20;
	ok(strstr(denied(AUTHREPLY_TEMPORARY), "Auth-Error-Code: 451 4.3.0\r\n\r\n") != NULL,
	    "temporary; the 20th recipient is the last");
	ok(strstr(denied(AUTHREPLY_WRONG), "Auth-Error-Code: 451 4.3.0\r\n") != NULL,
	    "a recipient is never a wrong password");
	ok(strstr(denied(AUTHREPLY_FOREIGN), "Auth-Error-Code: 550 5.7.1\r\n") != NULL,
	    "no relay");
}

static void
test_routes(void)
{
	char value[AUTHREPLY_MAX];
	struct authreply_route route = {.server = "2001:db8::1", .port = 143};
	size_t len = authreply_route(reply, &route), longest = 0;

	reply[len] = '\0';
	is_str(reply,
	    "HTTP/1.0 200 OK\r\nAuth-Status: OK\r\nAuth-Server: 2001:db8::1\r\n"
	    "Auth-Port: 143\r\n\r\n",
	    "a route");
	route.user = "joe x";
	route.pass = "p w";
	reply[authreply_route(reply, &route)] = '\0';
	ok(strstr(reply, "\r\nAuth-User: joe x\r\nAuth-Pass: p w\r\n\r\n") != NULL,
	    "with user and password");
	route.pass = " p";
	is_int((long)authreply_route(reply, &route), 0, "a blank that nginx would drop");
	route.pass = "p\r\nAuth-Server: 1.2.3.4";
	is_int((long)authreply_route(reply, &route), 0, "a password that would be a header");
	for (size_t i = 1; i < sizeof(value); i++) {
		memset(value, 'x', i);
		value[i] = '\0';
		route.pass = value;
		len = authreply_route(reply, &route);
		if (len > longest)
			longest = len;
	}
	is_int((long)longest, AUTHREPLY_MAX - 1, "no answer is longer than nginx takes");
	is_int((long)len, 0, "what does not fit is not cut");
}

int
main(void)
{
	test_question();
	test_envelope();
	test_plain();
	test_digests();
	test_certificates();
	test_whose();
	test_key();
	test_denials();
	test_routes();
	return tap_done();
}
