/*
 * Addresses: what is split how, what is never put on a wire, and that the path of RCPT TO says
 * what was asked and nothing else.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/address.h"
#include "tap.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define X63 X60 "xxx"
#define X64 X60 "xxxx"

/* the longest domain, 253 bytes */
#define D253        X63 "." X63 "." X63 "." X10 X10 X10 X10 X10 "xxxxxxxxx.x"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *name, *bytes;
	size_t len;
	enum address_kind kind;
	const char *path, *key; /* NULL: not fine, so not asked */
	bool needs_utf8;
} cases[] = {
    {"plain", BYTES("user@example.com"), ADDRESS_FINE, "user@example.com", "user@example.com",
	false},
    {"case is kept in the path, folded in the key's domain", BYTES("User@Example.COM"),
	ADDRESS_FINE, "User@Example.COM", "User@example.com", false},
    {"every sign of atext", BYTES("!#$%&'*+-/=?^_`{|}~@a.b"), ADDRESS_FINE,
	"!#$%&'*+-/=?^_`{|}~@a.b", "!#$%&'*+-/=?^_`{|}~@a.b", false},
    {"dots inside", BYTES("a.b.c@d.e"), ADDRESS_FINE, "a.b.c@d.e", "a.b.c@d.e", false},
    {"dot in front", BYTES(".a@d.e"), ADDRESS_FINE, "\".a\"@d.e", ".a@d.e", false},
    {"dot behind", BYTES("a.@d.e"), ADDRESS_FINE, "\"a.\"@d.e", "a.@d.e", false},
    {"two dots", BYTES("a..b@d.e"), ADDRESS_FINE, "\"a..b\"@d.e", "a..b@d.e", false},
    {"only a dot", BYTES(".@d.e"), ADDRESS_FINE, "\".\"@d.e", ".@d.e", false},
    {"a blank", BYTES("john doe@d.e"), ADDRESS_FINE, "\"john doe\"@d.e", "john doe@d.e", false},
    {"only a blank", BYTES(" @d.e"), ADDRESS_FINE, "\" \"@d.e", " @d.e", false},
    {"a double quote", BYTES("a\"b@d.e"), ADDRESS_FINE, "\"a\\\"b\"@d.e", "a\"b@d.e", false},
    {"a backslash", BYTES("a\\b@d.e"), ADDRESS_FINE, "\"a\\\\b\"@d.e", "a\\b@d.e", false},
    {"a backslash at the end", BYTES("a\\@d.e"), ADDRESS_FINE, "\"a\\\\\"@d.e", "a\\@d.e",
	false},
    {"angle brackets do not end the path", BYTES("a> SIZE=1 <b@d.e"), ADDRESS_FINE,
	"\"a> SIZE=1 <b\"@d.e", "a> SIZE=1 <b@d.e", false},
    {"the last @ splits", BYTES("a@b@d.e"), ADDRESS_FINE, "\"a@b\"@d.e", "a@b@d.e", false},
    {"a source route", BYTES("@a,@b:c@d.e"), ADDRESS_FINE, "\"@a,@b:c\"@d.e", "@a,@b:c@d.e",
	false},
    {"64 bytes", BYTES(X64 "@d.e"), ADDRESS_FINE, X64 "@d.e", X64 "@d.e", false},
    {"65 bytes", BYTES(X64 "x@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"900 bytes", BYTES(X60 X60 X60 X60 X60 X60 X60 X60 X60 X60 X60 X60 X60 X60 X60 "@d.e"),
	ADDRESS_UNSAFE, NULL, NULL, false},
    {"no local part", BYTES("@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"CR LF", BYTES("a\r\nRSET@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"LF", BYTES("a\n@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"NUL", BYTES("a\0b@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"tab", BYTES("a\tb@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"DEL", BYTES("a\x7f@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"UTF-8", BYTES("j\xc3\xb6rg@d.e"), ADDRESS_FINE, "j\xc3\xb6rg@d.e", "j\xc3\xb6rg@d.e",
	true},
    {"UTF-8 to be quoted", BYTES("j\xc3\xb6 g@d.e"), ADDRESS_FINE, "\"j\xc3\xb6 g\"@d.e",
	"j\xc3\xb6 g@d.e", true},
    {"UTF-8 of three and four bytes", BYTES("\xe2\x82\xac\xf0\x9f\x93\xa7@d.e"), ADDRESS_FINE,
	"\xe2\x82\xac\xf0\x9f\x93\xa7@d.e", "\xe2\x82\xac\xf0\x9f\x93\xa7@d.e", true},
    {"the last code point", BYTES("\xf4\x8f\xbf\xbf@d.e"), ADDRESS_FINE, "\xf4\x8f\xbf\xbf@d.e",
	"\xf4\x8f\xbf\xbf@d.e", true},
    {"past the last code point", BYTES("\xf4\x90\x80\x80@d.e"), ADDRESS_UNSAFE, NULL, NULL,
	false},
    {"Latin-1", BYTES("j\xf6rg@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"a lone continuation byte", BYTES("a\x80@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"UTF-8 cut", BYTES("a\xe2\x82@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"overlong, two bytes", BYTES("\xc0\x8d@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"overlong CR of three bytes", BYTES("\xe0\x80\x8d@d.e"), ADDRESS_UNSAFE, NULL, NULL,
	false},
    {"overlong, four bytes", BYTES("\xf0\x80\x80\x8a@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"a surrogate", BYTES("\xed\xa0\x80@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"the byte 0xff", BYTES("a\xff@d.e"), ADDRESS_UNSAFE, NULL, NULL, false},
    {"a domain with 8 bit is kept as it is",
	BYTES("a@B\xc3\xbc"
	      "cher.E"),
	ADDRESS_FINE,
	"a@B\xc3\xbc"
	"cher.E",
	"a@b\xc3\xbc"
	"cher.e",
	false},
    {"a longest domain", BYTES("a@" D253), ADDRESS_FINE, "a@" D253, "a@" D253, false},
    {"a domain one byte longer", BYTES("a@" D253 "x"), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"empty", BYTES(""), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"only @", BYTES("@"), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"no @", BYTES("user"), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"@ at the end", BYTES("user@"), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"an address literal", BYTES("user@[192.0.2.1]"), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"CR LF in the domain", BYTES("user@d.e\r\nRSET"), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"NUL in the domain", BYTES("user@d\0.e"), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"> in the domain", BYTES("user@d.e>"), ADDRESS_NO_DOMAIN, NULL, NULL, false},
    {"a blank in the domain", BYTES("user@d.e "), ADDRESS_NO_DOMAIN, NULL, NULL, false},
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address address;
		char path[ADDRESS_PATH_SIZE], key[ADDRESS_KEY_SIZE];
		enum address_kind kind = address_parse(&address, cases[i].bytes, cases[i].len);
		bool good = kind == cases[i].kind;

		if (good && kind == ADDRESS_FINE) {
			good = address_path(path, &address, "") == strlen(cases[i].path) &&
			    strcmp(path, cases[i].path) == 0 &&
			    address_key(key, &address, false) == strlen(cases[i].key) &&
			    strcmp(key, cases[i].key) == 0 &&
			    address.needs_utf8 == cases[i].needs_utf8;
		}
		if (good && kind != ADDRESS_NO_DOMAIN)
			good = address.local == cases[i].bytes &&
			    address.local_len + 1 + address.domain_len == cases[i].len &&
			    strlen(address.key_domain) == address.domain_len;
		if (!ok(good, "%s", cases[i].name))
			printf("#   kind %d, want %d\n", (int)kind, (int)cases[i].kind);
	}
}

static void
test_details(void)
{
	struct address address;
	char path[ADDRESS_PATH_SIZE], key[ADDRESS_KEY_SIZE];

	address_parse(&address, BYTES("Mc.Ab@Alias.Example"));
	address_path(path, &address, "xn--bcher-kva.example");
	is_str(
	    path, "Mc.Ab@xn--bcher-kva.example", "the domain to ask with replaces the other");
	address_key(key, &address, false);
	is_str(key, "Mc.Ab@alias.example", "but not in the key");
	address_key(key, &address, true);
	is_str(key, "mc.ab@alias.example", "fold lowers the local part too");
	address_parse(&address, BYTES("J\xc3\x96@a.b"));
	address_key(key, &address, true);
	is_str(key, "j\xc3\x96@a.b", "but only its ASCII letters");

	address_parse(&address, BYTES("PostMaster@a.b"));
	ok(address_is_postmaster(&address), "postmaster in any case");
	address_parse(&address, BYTES("postmaster1@a.b"));
	ok(!address_is_postmaster(&address), "postmaster1 is another");
	address_parse(&address, BYTES("postmaste@a.b"));
	ok(!address_is_postmaster(&address), "so is postmaste");
	address_parse(&address, BYTES("@a.b"));
	ok(!address_is_postmaster(&address), "so is nobody");
}

/* The local part that a server reads out of a path (RFC 5321 4.1.2); its length, or -1. */
static int
unquote(char *local, const char *path)
{
	int len = 0;

	if (*path != '"') {
		while (*path != '@' && *path != '\0')
			local[len++] = *path++;
		return *path == '@' ? len : -1;
	}
	for (path++; *path != '"'; path++) {
		if (*path == '\\')
			path++;
		if (*path == '\0')
			return -1;
		local[len++] = *path;
	}
	return path[1] == '@' ? len : -1;
}

static void
test_worst(void)
{
	char bytes[ADDRESS_LOCAL_MAX + 1 + sizeof(D253)], path[ADDRESS_PATH_SIZE];
	char local[ADDRESS_PATH_SIZE];
	struct address address;

	memset(bytes, '"', ADDRESS_LOCAL_MAX);
	memcpy(bytes + ADDRESS_LOCAL_MAX, "@" D253, sizeof(D253) + 1);
	is_int(address_parse(&address, bytes, strlen(bytes)), ADDRESS_FINE,
	    "the longest path parses");
	is_int((int)address_path(path, &address, ""), ADDRESS_PATH_SIZE - 1, "and just fits");
	is_int(unquote(local, path), ADDRESS_LOCAL_MAX, "and comes out again");
}

static void
test_random(void)
{
	static const char alphabet[] = "ab.\"\\@<> \r\n\xc3\xb6+\x7f";
	struct address address;
	int fine = 0, unsafe = 0, broken = 0;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		char bytes[24], path[ADDRESS_PATH_SIZE], local[ADDRESS_PATH_SIZE];
		size_t len = 1 + (size_t)rand() % 12;

		for (size_t j = 0; j < len; j++)
			bytes[j] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		memcpy(bytes + len, "@a.b", 4);
		switch (address_parse(&address, bytes, len + 4)) {
		case ADDRESS_FINE:
			fine++;
			address_path(path, &address, "");
			broken += unquote(local, path) != (int)len ||
			    memcmp(local, bytes, len) != 0 ||
			    strpbrk(path, "\r\n\t\x7f") != NULL;
			break;
		case ADDRESS_UNSAFE:
			unsafe++;
			break;
		case ADDRESS_NO_DOMAIN:
			broken++;
			break;
		}
	}
	ok(fine > 1000 && unsafe > 1000, "random local parts: %d fine, %d unsafe", fine,
	    unsafe);
	is_int(broken, 0, "every path says the local part that was asked");
}

int
main(void)
{
	test_cases();
	test_details();
	test_worst();
	test_random();
	return tap_done();
}
