/* What may stand in ip, and who this host is. */
#include "door/host.h"

#include "tap.h"

static void
address(const char *text, const char *want)
{
	char name[DOMAIN_SIZE], got[RECORD_SERVER_TEXT] = "";
	struct record_server server;
	const char *why = host_parse(&server, name, text, strlen(text));

	if (why == NULL && server.family != 0)
		record_server_text(got, &server);
	if (ok(strcmp(got, want) == 0 && name[0] == '\0', "'%s' is %s", text, want))
		return;
	printf("#   got '%s' %s\n", got, why == NULL ? "" : why);
}

static void
named(const char *text, const char *want)
{
	char name[DOMAIN_SIZE];
	struct record_server server;

	ok(host_parse(&server, name, text, strlen(text)) == NULL && server.family == 0 &&
		strcmp(name, want) == 0,
	    "'%s' is the name %s", text, want);
}

static void
refused(const char *text)
{
	char name[DOMAIN_SIZE];
	struct record_server server;

	ok(host_parse(&server, name, text, strlen(text)) != NULL, "'%s' is refused", text);
}

int
main(void)
{
	char name[DOMAIN_SIZE];
	struct record_server server, other;
	struct host_self self = {&other, 1};

	address("198.51.100.1", "198.51.100.1:0");
	address("[198.51.100.1]", "198.51.100.1:0");
	address("2001:DB8:0::1", "[2001:db8::1]:0");
	address("[2001:db8::1]", "[2001:db8::1]:0");
	address("::ffff:198.51.100.1", "198.51.100.1:0");
	named("Mail.Example.COM", "mail.example.com");
	named("localhost", "localhost");
	named("m\303\274nchen.example", "xn--mnchen-3ya.example");
	named("1and1.example", "1and1.example");
	refused("300.1.1.1");
	refused("1.2.3");
	refused("1");
	refused("0x7f000001");
	refused("mail.example.0x1");
	refused("198.51.100.1 ");
	refused("198.51.100.1:25");
	refused("fe80::1%eth0");
	refused("[mail.example.com]");
	refused("[198.51.100.1");
	refused("[]");
	refused("");
	refused("two words");
	refused("0.0.0.0");
	refused("::");
	refused("::ffff:0.0.0.0");
	refused("224.0.0.1");
	refused("239.255.255.255");
	refused("255.255.255.255");
	refused("ff02::1");
	ok(host_parse(&server, name, "198.51.100.1\0x", 14) != NULL, "a NUL byte is refused");

	host_parse(&other, name, "198.51.100.7", 12);
	host_parse(&server, name, "127.9.9.9", 9);
	ok(host_is_self(&self, &server), "127/8 is this host");
	host_parse(&server, name, "::1", 3);
	ok(host_is_self(&self, &server), "::1 is this host");
	host_parse(&server, name, "198.51.100.7", 12);
	ok(host_is_self(&self, &server), "its interfaces are this host");
	host_parse(&server, name, "198.51.100.8", 12);
	ok(!host_is_self(&self, &server), "others are not");

	ok(host_compare(&server, &other) > 0 && host_compare(&other, &server) < 0, "by number");
	host_parse(&other, name, "1::", 3);
	ok(host_compare(&server, &other) < 0, "IPv4 comes first");

	ok(host_self_load(&self) == 0, "the interfaces of this host are found");
	host_self_free(&self);

	ok(host_helo_is_full("mx.example.com") && host_helo_is_full("[198.51.100.1]"),
	    "full names and literals are fit for HELO");
	ok(!host_helo_is_full("mx") && !host_helo_is_full("198.51.100.1") &&
		!host_helo_is_full("[]"),
	    "others are not");
	return tap_done();
}
