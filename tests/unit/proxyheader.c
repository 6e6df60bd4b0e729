/*
 * PROXY headers: what they say, how long they are, and which are none.
 */
#include <stdlib.h>

#include "relay/proxyheader.h"
#include "relay/proxypeers.h"
#include "tap.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static struct proxyheader header;

static enum proxyheader_kind
parse(const char *bytes, size_t len)
{
	return proxyheader_parse(&header, (const unsigned char *)bytes, len);
}

#define PARSE(text) parse(text, sizeof(text) - 1)

static void
test_v1(void)
{
	static const char line[] = "PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\n";
	char longest[120];
	bool good = true;

	is_int(PARSE("PROXY TCP4 192.0.2.1 198.51.100.2 51602 25\r\n220 more"),
	    PROXYHEADER_TCP4, "TCP4");
	is_int((int)header.len, sizeof(line) - 1, "its length, without what follows");
	is_str(header.source, "192.0.2.1", "the client");
	is_str(header.destination, "198.51.100.2", "the proxy");
	ok(header.source_port == 51602 && header.destination_port == 25, "ports");
	for (size_t len = 0; len < sizeof(line) - 1; len++)
		good = good && parse(line, len) == PROXYHEADER_MORE && header.len > 0 &&
		    len + header.len <= sizeof(line) - 1;
	ok(good, "each part of it wants more, and no more than there is");
	is_int(PARSE("PROXY TCP6 2001:DB8::1 ::1 0 65535\r\n"), PROXYHEADER_TCP6, "TCP6");
	is_str(header.source, "2001:db8::1", "in small letters");
	is_int(PARSE("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 1 2\r\n"),
	    PROXYHEADER_TCP4, "IPv4-mapped");
	is_str(header.source, "192.0.2.1", "is IPv4");
	is_int(PARSE("PROXY UNKNOWN\r\n"), PROXYHEADER_UNKNOWN, "UNKNOWN");
	is_int(
	    PARSE("PROXY UNKNOWN what\0ever\r\n"), PROXYHEADER_UNKNOWN, "with anything behind");
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "PROXY UNKNOWN ", 14);
	memcpy(longest + 105, "\r\n", 2);
	is_int(parse(longest, 107), PROXYHEADER_UNKNOWN, "107 bytes");
	memcpy(longest + 105, "x\r\n", 3);
	is_int(parse(longest, 108), PROXYHEADER_BAD, "108 bytes");
	is_int(parse(longest, 107), PROXYHEADER_BAD, "or the 107th without its LF");
}

static void
test_bad(void)
{
	static const char *const lines[] = {"EHLO x\r\n", "PROXY\r\n", "proxy TCP4 ",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rx",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n",
	    "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 1 99999999999\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
	    "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
	    "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
	    "PROXY TCP6 fe80::1%lo ::1 1 2\r\n", "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
	    "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY UNKNOWNX\r\n",
	    "PROXY  UNKNOWN\r\n", "PROXY TCP4\t192.0.2.1 192.0.2.2 1 2\r\n", "\r\n\r\nX",
	    "\r\n\r\n\r\n"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ok(parse(lines[i], strlen(lines[i])) == PROXYHEADER_BAD &&
			header.reason != NULL,
		    "no header: line %zu", i);
	is_int(PARSE("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"), PROXYHEADER_BAD,
	    "nor with a NUL");
}

static void
test_v2(void)
{
	static const char v4[] =
	    SIGNATURE "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2\xc9\x92\0\x19more";
	static char big[PROXYHEADER_MAX] = SIGNATURE "\x20\x11\xff\xff";
	static const char tlv[] =
	    SIGNATURE "\x21\x11\0\x10\xc0\0\2\1\xc6\x33\x64\2\xc9\x92\0\x19"
		      "\4\0\1zmore";
	bool good = true;

	is_int(PARSE(v4), PROXYHEADER_TCP4, "version 2");
	is_int((int)header.len, 28, "its length");
	is_str(header.source, "192.0.2.1", "the client");
	is_str(header.destination, "198.51.100.2", "the proxy");
	ok(header.source_port == 51602 && header.destination_port == 25, "ports");
	for (size_t len = 0; len < 28; len++)
		good = good && parse(v4, len) == PROXYHEADER_MORE && len + header.len <= 28;
	ok(good, "each part of it wants more, and no more than there is");
	is_int(PARSE(tlv), PROXYHEADER_TCP4, "with a TLV");
	is_int((int)header.len, 32, "which belongs to it");
	is_int(PARSE(SIGNATURE "\x20\0\0\0"), PROXYHEADER_LOCAL, "LOCAL");
	is_int(PARSE(SIGNATURE "\x21\0\0\0"), PROXYHEADER_UNKNOWN, "no family");
	is_int(PARSE(SIGNATURE "\x21\x12\0\0"), PROXYHEADER_UNKNOWN, "UDP");
	is_int(PARSE(SIGNATURE "\x21\x31\0\0"), PROXYHEADER_UNKNOWN, "a Unix socket");
	is_int(PARSE(SIGNATURE "\x22\x11\0\0"), PROXYHEADER_BAD, "no such command");
	is_int(PARSE(SIGNATURE "\x11\x11\0\0"), PROXYHEADER_BAD, "version 1 in this form");
	is_int(PARSE(SIGNATURE "\x21\x11\0\x0b"), PROXYHEADER_BAD, "too short for IPv4");
	is_int(PARSE(SIGNATURE "\x21\x21\0\x23"), PROXYHEADER_BAD, "too short for IPv6");
	is_int(PARSE(SIGNATURE "\x21\x51\0\0"), PROXYHEADER_BAD, "no such family");
	is_int(parse(big, sizeof(big) - 1), PROXYHEADER_MORE, "the longest, but for a byte");
	is_int((int)header.len, 1, "which is missing");
	is_int(parse(big, sizeof(big)), PROXYHEADER_LOCAL, "the longest");
}

static void
test_peers(void)
{
	static struct proxypeers peers;

	ok(proxypeers_add(&peers, "192.0.2.0/24, 198.51.100.7 2001:db8::/33,::1,10.0.0.0/7") ==
		NULL,
	    "networks");
	ok(proxypeers_trusts(&peers, "192.0.2.255") &&
		proxypeers_trusts(&peers, "198.51.100.7") &&
		proxypeers_trusts(&peers, "2001:db8:7fff::1") &&
		proxypeers_trusts(&peers, "::1") && proxypeers_trusts(&peers, "11.255.255.255"),
	    "those in them");
	ok(proxypeers_trusts(&peers, "::ffff:192.0.2.1"), "also as IPv4-mapped");
	ok(!proxypeers_trusts(&peers, "192.0.3.0") &&
		!proxypeers_trusts(&peers, "198.51.100.6") &&
		!proxypeers_trusts(&peers, "2001:db8:8000::1") &&
		!proxypeers_trusts(&peers, "::2") && !proxypeers_trusts(&peers, "12.0.0.0") &&
		!proxypeers_trusts(&peers, "") && !proxypeers_trusts(&peers, "192.0.2.1 ") &&
		!proxypeers_trusts(&peers, "::192.0.2.1"),
	    "and no others");
	ok(proxypeers_add(&peers, "192.0.2.0/33") != NULL &&
		proxypeers_add(&peers, "::/129") != NULL &&
		proxypeers_add(&peers, "192.0.2.0/") != NULL &&
		proxypeers_add(&peers, "192.0.2.0/-1") != NULL &&
		proxypeers_add(&peers, "0.0.0.0/0") != NULL &&
		proxypeers_add(&peers, "::/0") != NULL &&
		proxypeers_add(&peers, "192.0.2.1/24") != NULL &&
		proxypeers_add(&peers, "name") != NULL,
	    "what is no network, or all of them");
	ok(proxypeers_add_users(&peers, "106,65534") == NULL &&
		proxypeers_trusts_user(&peers, 106) && proxypeers_trusts_user(&peers, 65534) &&
		!proxypeers_trusts_user(&peers, 0),
	    "users");
	ok(proxypeers_add_users(&peers, "4294967295") != NULL &&
		proxypeers_add_users(&peers, "root") != NULL &&
		proxypeers_add_users(&peers, "-1") != NULL,
	    "what is no user");
	for (int i = 0; i < PROXYPEERS_MAX; i++)
		(void)proxypeers_add(&peers, "192.0.2.1");
	ok(proxypeers_add(&peers, "192.0.2.1") != NULL, "too many");
}

int
main(void)
{
	test_v1();
	test_bad();
	test_v2();
	test_peers();
	return tap_done();
}
