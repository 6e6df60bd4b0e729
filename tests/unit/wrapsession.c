/*
 * A session between client and server, step by step. tests/fuzz/wrapsession.c has the model; here are
 * the cases that it cannot name.
 */
#include "door/wrapsession.h"
#include "tap.h"

static struct wrapsession session;
static char heard[8192], said[8192]; /* by the server and the client, since the last look */

static void
drain(struct wrapbuffer *buffer, char text[8192])
{
	size_t len = strlen(text), more = buffer->len;

	if (more > 8191 - len)
		more = 8191 - len;
	memcpy(text + len, wrapbuffer_head(buffer), more);
	text[len + more] = '\0';
	wrapbuffer_drop(buffer, buffer->len);
}

static void
step(void)
{
	wrapsession_step(&session);
	drain(&session.to_server, heard);
	drain(&session.to_client, said);
}

static void
client(const char *text)
{
	wrapbuffer_add(&session.from_client, text, strlen(text));
	step();
}

static void
server(const char *text)
{
	wrapbuffer_add(&session.from_server, text, strlen(text));
	step();
}

static void
server_hears(const char *want, const char *name)
{
	is_str(heard, want, name);
	heard[0] = '\0';
}

static void
client_hears(const char *want, const char *name)
{
	is_str(said, want, name);
	said[0] = '\0';
}

/* A session as far as an accepted MAIL. */
static void
begin(bool starttls, unsigned limit)
{
	wrapsession_start(&session, starttls, limit);
	server("220 mx\r\n");
	client("EHLO me\r\n");
	server("250-mx\r\n250 PIPELINING\r\n");
	client("MAIL FROM:<s@c>\r\n");
	server("250 ok\r\n");
	heard[0] = said[0] = '\0';
}

static void
recipients(void)
{
	int first, second;

	begin(false, 0);
	client("RCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
	server_hears("", "recipients wait for their checks");
	first = wrapsession_next_question(&session);
	second = wrapsession_next_question(&session);
	is_int(wrapsession_next_question(&session), -1, "two questions");
	is_str(session.questions[first].recipient, "a@b", "the first");
	is_str(session.questions[second].recipient, "c@d", "the second, at the same time");
	is_str(session.sender, "s@c", "the sender");
	is_str(session.helo, "me", "the name");
	wrapsession_decide(&session, second, true, "");
	step();
	server_hears("", "the second does not overtake the first");
	wrapsession_decide(&session, first, false, "550 5.1.1 no");
	step();
	server_hears("RCPT TO:<c@d>\r\nDATA\r\n", "the first never gets there; DATA follows");
	client_hears("550 5.1.1 no\r\n", "it is answered by us");
	server("250 ok\r\n");
	server("354 go\r\n");
	client_hears("250 ok\r\n354 go\r\n", "then comes what the server says");
	client("x\n.y\r\n.\r\nRCPT TO:<e@f>\r\n");
	server_hears("x\n.y\r\n.\r\n", "the message, and nothing behind it");
	server("250 ok\r\n");
	server_hears("", "without MAIL the server would refuse it");
	is_int(wrapsession_next_question(&session), 0, "but that is for it to say");
}

static void
transactions(void)
{
	begin(false, 0);
	client("RSET\r\n");
	server("502 what\r\n");
	client("RCPT TO:<a@b>\r\n");
	is_int(wrapsession_next_question(&session), 0, "RSET was refused: MAIL still holds");
	for (size_t i = 0; i < 3; i++) {
		static const char *const enders[] = {"RSET\r\n", "EHLO x\r\n", "HELO x\r\n"};

		begin(false, 0);
		client(enders[i]);
		server("250 ok\r\n");
		client("RCPT TO:<a@b>\r\n");
		ok(wrapsession_next_question(&session) == 0,
		    "%.4s: not for all servers is MAIL over", enders[i]);
	}
	begin(false, 0);
	client("MAIL FROM:<t@c>\r\nRCPT TO:<a@b>\r\n");
	is_int(wrapsession_next_question(&session), -1, "not before the reply to MAIL");
	server("503 nested\r\n");
	is_int(wrapsession_next_question(&session), 0,
	    "MAIL in a transaction is refused: the old one holds");
	is_str(session.sender, "s@c", "and its sender");
}

static void
modes(void)
{
	begin(false, 0);
	client("STARTTLS\r\nBDAT 3 LAST\r\nXCLIENT A=B\r\n RSET\r\n");
	server_hears("", "what we cannot follow is not shown");
	is_int(strncmp(said, "502 5.5.1 ", 10), 0, "but refused");
	said[0] = '\0';
	client("AUTH LOGIN\r\neHg=\r\n");
	server_hears("AUTH LOGIN\r\n", "behind AUTH nothing is read");
	server("334 x\r\n");
	server_hears("eHg=\r\n", "it was the response");
	server("235 ok\r\n");
	client("RCPT TO:<a@b>\r\n");
	server_hears("RCPT TO:<a@b>\r\n", "an authenticated client is not checked");
	is_int(wrapsession_next_question(&session), -1, "nobody is asked");

	begin(false, 0);
	client("AUTH LOGIN\r\n");
	server("334 x\r\n");
	heard[0] = said[0] = '\0';
	client("eHg\rRCPT TO:<a@b>\r\n");
	server_hears("eHg", "a bare CR in a response: no server sees what is behind");
	is_int(strncmp(said, "500 ", 4), 0, "refused");
	ok(wrapsession_over(&session), "and closed");

	begin(false, 0);
	client("AUTH LOGIN\r\n");
	server("334 x\r\n");
	heard[0] = said[0] = '\0';
	client("RCPT TO:<a@b>\r\n");
	server_hears("RCPT", "what is not base64 is no response");
	is_int(strncmp(said, "500 ", 4), 0, "refused");
	ok(wrapsession_over(&session), "and closed");

	begin(false, 0);
	client("AUTH LOGIN\r\n");
	server("334 x\r\n");
	said[0] = '\0';
	for (size_t i = 0; i < 12284 / 4 + 1; i++)
		client("AAAA");
	ok(wrapsession_over(&session) && strncmp(said, "500 ", 4) == 0,
	    "one that a server may not read to its end is refused");

	/* A reply too many is not taken for that to the next command. */
	begin(false, 0);
	client("NOOP\r\n");
	said[0] = heard[0] = '\0';
	wrapbuffer_add(&session.from_client, "DATA\r\n", 6);
	server("250 ok\r\n354 go\r\n");
	client_hears("250 ok\r\n354 go\r\n", "it is delivered");
	ok(wrapsession_over(&session), "and that is the end");
	server_hears("", "the next command is not shown");

	begin(true, 0);
	client("STARTTLS\r\n");
	server("220 go\r\n");
	client("\x16\x03RCPT TO:<a@b>\r\n");
	server_hears(
	    "STARTTLS\r\n\x16\x03RCPT TO:<a@b>\r\n", "behind STARTTLS anything passes");
	ok(session.events & WRAPSESSION_WENT_BLIND, "and it is noted");
}

static void
ends(void)
{
	begin(false, 0);
	client("DATA\r\n");
	server("354 go\r\n");
	client("x\r\ny");
	said[0] = heard[0] = '\0';
	server("451 stray newline\r\n");
	client_hears(
	    "451 stray newline\r\n", "a reply before the end of the message is delivered");
	ok(wrapsession_over(&session) && wrapsession_server_input_over(&session),
	    "and the session is over");
	client("\r\n.\r\nMAIL FROM:<>\r\n");
	server_hears("", "nothing more is taken for commands");

	begin(false, 0);
	client("DATA\r\n");
	server("354 go\r\n");
	heard[0] = said[0] = '\0';
	client("x\n.\nMAIL FROM:<>\r\n");
	server_hears("x\n", "an ambiguous end is not forwarded");
	is_int(strncmp(said, "451 4.5.2 ", 10), 0, "it is refused");
	ok(wrapsession_over(&session), "and the session is over");

	begin(false, 0);
	client("RCPT TO:<a@b>\r\n");
	is_int(wrapsession_next_question(&session), 0, "a question");
	server("421 time-out\r\n");
	client_hears("421 time-out\r\n", "the server says good-bye during the check");
	ok(wrapsession_over(&session), "that is the end");

	begin(false, 0);
	client("NOOP\r\nDA");
	wrapsession_client_ended(&session);
	step();
	ok(wrapsession_server_input_over(&session), "the client half-closes: so do we");
	ok(!wrapsession_over(&session), "the reply is still to come");
	said[0] = '\0';
	server("250 ok\r\n");
	wrapsession_server_ended(&session);
	step();
	client_hears("250 ok\r\n", "and comes");
	ok(wrapsession_over(&session), "then it is over");

	begin(false, 0);
	client("RCPT TO:<a@b>\r\n");
	wrapsession_client_ended(&session);
	is_int(wrapsession_next_question(&session), 0, "half-closed during a check");
	ok(!wrapsession_server_input_over(&session), "the server still gets the recipient");
	wrapsession_decide(&session, 0, true, "");
	step();
	ok(wrapsession_server_input_over(&session), "and then no more");

	begin(false, 0);
	client("NOOP\r\n");
	server("moin\r\n");
	ok(wrapsession_over(&session) && (session.events & WRAPSESSION_NO_SMTP),
	    "a server that speaks no SMTP");
}

static void
limits(void)
{
	static char x[WRAPCOMMAND_AUTH_MAX + 3];

	begin(false, 2);
	for (int i = 0; i < 4; i++) {
		client("RCPT TO:<a@b>\r\n");
		wrapsession_decide(&session, wrapsession_next_question(&session), false,
		    i == 1 ? "451 later" : "550 no");
		step();
	}
	client("RCPT TO:<a@b>\r\n");
	wrapsession_decide(&session, wrapsession_next_question(&session), false, "550 no");
	step();
	said[0] = '\0';
	client("RCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nQUIT\r\n");
	wrapsession_decide(&session, wrapsession_next_question(&session), true, "");
	step();
	is_int(strncmp(said, "421 4.7.0 ", 10), 0, "twice the limit: 421; 4xx do not count");
	ok(wrapsession_over(&session), "and closed");

	begin(false, 0);
	memset(x, 'x', sizeof(x));
	memcpy(x, "NOOP ", 5);
	x[WRAPCOMMAND_MAX] = '\0';
	client(x);
	client("\r\n");
	is_int((long long)strlen(heard), WRAPCOMMAND_MAX + 2, "the longest command");
	x[WRAPCOMMAND_MAX] = 'x';
	x[WRAPCOMMAND_MAX + 1] = '\0';
	heard[0] = said[0] = '\0';
	client(x);
	client("xxx");
	is_int(strncmp(said, "250", 3) != 0 && heard[0] == '\0', 1,
	    "a longer one is not forwarded");
	client("x\r\nQUIT\r\n");
	server_hears("QUIT\r\n", "what follows it is");
	server("250 ok\r\n");
	is_int(strncmp(said, "250 ok\r\n500 5.5.2 ", 18), 0, "it is answered in its place");
}

static void
ehlo(void)
{
	begin(false, 0);
	client("EHLO me\r\n");
	server("250-mx\r\n250-CHUNKING\r\n250-SIZE 5\r\n250 STARTTLS\r\n");
	client_hears(
	    "250-mx\r\n250 SIZE 5\r\n", "hidden keywords; the last line is marked as such");
	is_str(session.hidden, "CHUNKING STARTTLS", "their names");
	client("EHLO me\r\n");
	server("502-CHUNKING\r\n502 STARTTLS\r\n");
	client_hears("502-CHUNKING\r\n502 STARTTLS\r\n", "a refusal is as it is");
}

int
main(void)
{
	recipients();
	transactions();
	modes();
	ends();
	limits();
	ehlo();
	return tap_done();
}
