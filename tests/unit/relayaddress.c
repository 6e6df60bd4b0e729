/*
 * Addresses that may relay: one form for each, and none for what could open a relay by accident.
 */
#include "relay/relayaddress.h"

#include <arpa/inet.h>

#include "tap.h"

static const struct {
	const char *text, *want; /* NULL: refused */
} table[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"1.2.3.4", "1.2.3.4"},
    {"223.255.255.255", "223.255.255.255"},
    {"127.0.0.1", "127.0.0.1"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::FFFF:c000:0201", "192.0.2.1"},
    {"0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"},
    {"::1", "::1"},
    {"2001:DB8::00AA:1", "2001:db8::aa:1"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:db8::", "2001:db8::"},
    {"1:0:0:0:0:0:0:0", "1::"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"fd00::1", "fd00::1"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"},
    {"", NULL},
    {"0.0.0.0", NULL},
    {"0.1.2.3", NULL},
    {"255.255.255.255", NULL},
    {"224.0.0.1", NULL},
    {"240.0.0.1", NULL},
    {"::", NULL},
    {"0:0:0:0:0:0:0:0", NULL},
    {"::ffff:0.0.0.0", NULL},
    {"::ffff:255.255.255.255", NULL},
    {"::ffff:0:192.0.2.1", NULL},
    {"::192.0.2.1", NULL},
    {"::2", NULL},
    {":ffff::192.0.2.1", NULL},
    {"fe80::1", NULL},
    {"fe80::1%eth0", NULL},
    {"2001:db8::1%eth0", NULL},
    {"ff02::1", NULL},
    {"192.0.2.0/24", NULL},
    {"0.0.0.0/0", NULL},
    {"::/0", NULL},
    {"192.0.2.1/32", NULL},
    {"192.0.2", NULL},
    {"192.0.2.", NULL},
    {"192.0.2.1.", NULL},
    {"192.0.2.01", NULL},
    {"192.0.2.256", NULL},
    {"0xc0.0.2.1", NULL},
    {"3221225985", NULL},
    {" 192.0.2.1", NULL},
    {"192.0.2.1 ", NULL},
    {"192.0.2.1\n", NULL},
    {"[192.0.2.1]", NULL},
    {"[2001:db8::1]", NULL},
    {"localhost", NULL},
    {"unknown", NULL},
    {"net", NULL},
    {"2001:db8::1::2", NULL},
    {"12345::", NULL},
    {"0000:0000:0000:0000:0000:ffff:0000:0000:0000:0000", NULL},
};

/* What glibc makes of it is the same: Postfix asks for that. */
static void
test_like_libc(const char *address)
{
	char again[RELAYADDRESS_SIZE];
	unsigned char ip[16];

	if (inet_pton(AF_INET6, address, ip) != 1)
		return;
	inet_ntop(AF_INET6, ip, again, sizeof(again));
	is_str(address, again, "and so does inet_ntop");
}

static const struct {
	const char *address;
	bool safe;
} parts[] = {
    {"192.0.2.1", true},
    {"1:2:3:4:5:6:7:8", true},
    {"2001:db8::5", true},
    {"2001:db8:1:2::", true},
    {"::1", true},
    {"fd00::5", false},
    {"1::", false},
    {"1::2:3:4:5:6:7", false},
};

static void
test_parts(void)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		ok(relayaddress_is_safe_in_parts(parts[i].address) == parts[i].safe, "%s is %s",
		    parts[i].address, parts[i].safe ? "safe" : "not safe");
}

int
main(void)
{
	char address[RELAYADDRESS_SIZE];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *text = table[i].text;
		const char *why = relayaddress_normalise(address, text, strlen(text));

		if (table[i].want == NULL) {
			ok(why != NULL && address[0] == '\0', "'%s' is refused", text);
			continue;
		}
		if (ok(why == NULL, "'%s' is an address", text)) {
			is_str(address, table[i].want, text);
			test_like_libc(address);
		}
	}
	ok(relayaddress_normalise(address, "192.0.2.1\0", 10) != NULL, "nor is one with a NUL");
	ok(relayaddress_is_loopback("127.0.0.1") && relayaddress_is_loopback("127.9.9.9") &&
		relayaddress_is_loopback("::1"),
	    "this host");
	ok(!relayaddress_is_loopback("192.0.2.127") && !relayaddress_is_loopback("::10") &&
		!relayaddress_is_loopback("12.7.0.1"),
	    "and others");
	test_parts();
	return tap_done();
}
