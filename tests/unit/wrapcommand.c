/*
 * Commands as rcptwrap reads them: what may pass, and that an address is either certain or refused.
 */
#include "door/wrapcommand.h"
#include "tap.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *line;
	size_t len;
	enum wrapcommand command;
} kinds[] = {
    {BYTES("EHLO a"), WRAPCOMMAND_EHLO},
    {BYTES("helo"), WRAPCOMMAND_HELO},
    {BYTES("Mail From:<>"), WRAPCOMMAND_MAIL},
    {BYTES("rcpt\tto:<>"), WRAPCOMMAND_RCPT},
    {BYTES("DATA"), WRAPCOMMAND_DATA},
    {BYTES("data "), WRAPCOMMAND_DATA},
    {BYTES("RSET"), WRAPCOMMAND_RSET},
    {BYTES("NOOP x"), WRAPCOMMAND_NOOP},
    {BYTES("QUIT"), WRAPCOMMAND_QUIT},
    {BYTES("VRFY a"), WRAPCOMMAND_VRFY},
    {BYTES("EXPN a"), WRAPCOMMAND_EXPN},
    {BYTES("HELP"), WRAPCOMMAND_HELP},
    {BYTES("ETRN a"), WRAPCOMMAND_ETRN},
    {BYTES("AUTH PLAIN"), WRAPCOMMAND_AUTH},
    {BYTES("STARTTLS"), WRAPCOMMAND_STARTTLS},
    {BYTES("BDAT 5 LAST"), WRAPCOMMAND_UNKNOWN},
    {BYTES("XCLIENT ADDR=1.2.3.4"), WRAPCOMMAND_UNKNOWN},
    {BYTES("XFORWARD NAME=a"), WRAPCOMMAND_UNKNOWN},
    {BYTES("BURL imap://"), WRAPCOMMAND_UNKNOWN},
    {BYTES("TURN"), WRAPCOMMAND_UNKNOWN},
    {BYTES("RCPTX TO:<a>"), WRAPCOMMAND_UNKNOWN},
    {BYTES("RCP"), WRAPCOMMAND_UNKNOWN},
    {BYTES("RCPT:<a>"), WRAPCOMMAND_UNKNOWN},
    {BYTES("RCPT\vTO:<a>"), WRAPCOMMAND_UNKNOWN},
    {BYTES("RCPT\0"), WRAPCOMMAND_BAD},
    {BYTES("DATA\r"), WRAPCOMMAND_BAD},
    {BYTES("NOOP\rRCPT TO:<a>"), WRAPCOMMAND_BAD},
    {BYTES(" RCPT TO:<a>"), WRAPCOMMAND_BAD},
    {BYTES(""), WRAPCOMMAND_BAD},
    {BYTES("."), WRAPCOMMAND_BAD},
};

/* path NULL: not certain */
static const struct {
	const char *line;
	size_t len;
	const char *path;
} paths[] = {
    {BYTES("RCPT TO:<user@example.com>"), "user@example.com"},
    {BYTES("rcpt to: <User@Example.COM> "), "User@Example.COM"},
    {BYTES("RCPT  TO : <a@b>"), "a@b"},
    {BYTES("RCPT \t TO\t:\t<a@b>"), NULL},
    {BYTES("RCPT TO:postmaster\tnobody@c"), NULL},
    {BYTES("RCPT TO:\ta@b"), NULL},
    {BYTES("RCPT TO:<@[a:b]:c@d>"), NULL},
    {BYTES("RCPT TO:a@b"), "a@b"},
    {BYTES("RCPT TO: a@b NOTIFY=NEVER"), "a@b"},
    {BYTES("RCPT TO:<a@b> NOTIFY=NEVER ORCPT=rfc822;<x@y>"), "a@b"},
    {BYTES("RCPT TO:<>"), ""},
    {BYTES("RCPT TO:<postmaster>"), "postmaster"},
    {BYTES("RCPT TO:<\"john doe\"@b>"), "john doe@b"},
    {BYTES("RCPT TO:<\"a\\\"b\\\\\"@b>"), "a\"b\\@b"},
    {BYTES("RCPT TO:<\"a>b<c@d\"@b>"), "a>b<c@d@b"},
    {BYTES("RCPT TO:<\"quoted\">"), "quoted"},
    {BYTES("RCPT TO:<@r:a@b>"), "a@b"},
    {BYTES("RCPT TO:<@r,@s.t:a@b>"), "a@b"},
    {BYTES("RCPT TO:<a@[192.0.2.1]>"), "a@[192.0.2.1]"},
    {BYTES("RCPT TO:<a@[IPv6:2001:db8::1]>"), "a@[IPv6:2001:db8::1]"},
    {BYTES("RCPT TO:<!#$%&'*+-/=?^_`{|}~@a_b.c->"), "!#$%&'*+-/=?^_`{|}~@a_b.c-"},
    {BYTES("RCPT TO:<.a..b.@c>"), ".a..b.@c"},
    {BYTES("RCPT TO:<\xc3\xbc@\xc3\xb6.de>"), "\xc3\xbc@\xc3\xb6.de"},
    /* what two programs might read in two ways */
    {BYTES("RCPT TO:<a@b> <c@d>"), NULL},
    {BYTES("RCPT TO:<a@b>,<c@d>"), NULL},
    {BYTES("RCPT TO:<a@b>c"), NULL},
    {BYTES("RCPT TO:<a@b"), NULL},
    {BYTES("RCPT TO:a@b>"), NULL},
    {BYTES("RCPT TO:a@b <c@d>"), NULL},
    {BYTES("RCPT TO:a@b X=<c@d>"), NULL},
    {BYTES("RCPT TO:x<a@b>"), NULL},
    {BYTES("RCPT <a@b> TO:<c@d>"), NULL},
    {BYTES("RCPT FROM:<a@b>"), NULL},
    {BYTES("RCPT TO<a@b>"), NULL},
    {BYTES("RCPT TO:"), NULL},
    {BYTES("RCPT TO: "), NULL},
    {BYTES("RCPT TO:<a@b@c>"), NULL},
    {BYTES("RCPT TO:<@b>"), NULL},
    {BYTES("RCPT TO:<a@>"), NULL},
    {BYTES("RCPT TO:< a@b>"), NULL},
    {BYTES("RCPT TO:<a@b >"), NULL},
    {BYTES("RCPT TO:<a b@c>"), NULL},
    {BYTES("RCPT TO:<a(comment)@b>"), NULL},
    {BYTES("RCPT TO:<a@b(comment)>"), NULL},
    {BYTES("RCPT TO:<a\\@b@c>"), NULL},
    {BYTES("RCPT TO:<\"a@b>"), NULL},
    {BYTES("RCPT TO:<\"a\"b@c>"), NULL},
    {BYTES("RCPT TO:<a\"b\"@c>"), NULL},
    {BYTES("RCPT TO:<\"a\\"), NULL},
    {BYTES("RCPT TO:\"a b\"@c"), NULL},
    {BYTES("RCPT TO:<a;b@c>"), NULL},
    {BYTES("RCPT TO:<a,b@c>"), NULL},
    {BYTES("RCPT TO:<a:b@c>"), NULL},
    {BYTES("RCPT TO:<@r;a@b>"), NULL},
    {BYTES("RCPT TO:<a@b/c>"), NULL},
    {BYTES("RCPT TO:<a@[1.2.3.4>"), NULL},
    {BYTES("RCPT TO:<a\tb@c>"), NULL},
    {BYTES("RCPT TO:<\"a\tb\"@c>"), NULL},
    {BYTES("RCPT TO:<a\nb@c>"), NULL},
    {BYTES("RCPT TO:<a@b> X=\x01"), NULL},
    {BYTES("RCPT TO:<a\x7f@b>"), NULL},
};

/* For a line of TAP. */
static const char *
printable(const char *line, size_t len)
{
	static char text[80];
	size_t used = 0;

	for (size_t i = 0; i < len && used < sizeof(text) - 1; i++)
		text[used++] = (char)(line[i] < ' ' || line[i] > '~' ? '?' : line[i]);
	text[used] = '\0';
	return text;
}

int
main(void)
{
	static char line[2000];
	char path[WRAPCOMMAND_PATH_SIZE], name[WRAPCOMMAND_NAME_SIZE];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		is_int(wrapcommand_parse(kinds[i].line, kinds[i].len), kinds[i].command,
		    printable(kinds[i].line, kinds[i].len));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		bool certain = wrapcommand_path(path, paths[i].line, paths[i].len, "TO");

		if (paths[i].path == NULL)
			ok(!certain, "refused: %s", printable(paths[i].line, paths[i].len));
		else if (ok(certain, "%s", printable(paths[i].line, paths[i].len)))
			is_str(path, paths[i].path, "its address");
	}
	ok(wrapcommand_path(
	       path, BYTES("MAIL FROM:<a@b> SIZE=5 AUTH=<> BODY=8BITMIME"), "FROM"),
	    "MAIL with parameters");
	is_str(path, "a@b", "its sender");
	ok(!wrapcommand_path(path, BYTES("MAIL TO:<a@b>"), "FROM"), "MAIL TO");

	memset(line, 'x', sizeof(line));
	memcpy(line, "RCPT TO:<", 9);
	line[9 + 1023] = '>';
	ok(wrapcommand_path(path, line, 9 + 1024, "TO") && strlen(path) == 1023,
	    "the longest address");
	line[9 + 1023] = 'x';
	line[9 + 1024] = '>';
	ok(!wrapcommand_path(path, line, 9 + 1025, "TO"), "one more byte");

	wrapcommand_name(name, BYTES("EHLO  mail.example.com  "));
	is_str(name, "mail.example.com", "the name in EHLO");
	wrapcommand_name(name, BYTES("HELO"));
	is_str(name, "", "without one");
	wrapcommand_name(name, line, sizeof(line));
	is_int((long long)strlen(name), WRAPCOMMAND_NAME_SIZE - 1, "a long one is cut");

	is_int((long long)wrapcommand_limit(BYTES("AUTH PLAIN")), WRAPCOMMAND_AUTH_MAX,
	    "AUTH may be long");
	is_int((long long)wrapcommand_limit(BYTES("AUTHPLAIN")), WRAPCOMMAND_MAX,
	    "others may not");
	return tap_done();
}
