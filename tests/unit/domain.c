/* Domain names: what they become, and what is none. */
#include "base/domain.h"

#include "tap.h"

static void
becomes(const char *text, const char *want)
{
	char name[DOMAIN_SIZE] = "?";
	const char *why = domain_normalise(name, text, strlen(text));

	if (ok(why == NULL, "'%s' is a name", text))
		is_str(name, want, "... and becomes what it should");
}

static void
refused(const char *text)
{
	char name[DOMAIN_SIZE];

	ok(domain_normalise(name, text, strlen(text)) != NULL, "'%s' is no name", text);
}

static void
recipient(const char *text, bool want)
{
	char name[DOMAIN_SIZE];

	ok((domain_normalise_recipient(name, text, strlen(text)) == NULL) == want,
	    "mail %s be sent to '%s'", want ? "can" : "can't", text);
}

int
main(void)
{
	char name[DOMAIN_SIZE], unicode[DOMAIN_UNICODE_SIZE], text[1024];

	becomes("example.com", "example.com");
	becomes("EXAMPLE.Com", "example.com");
	becomes("example.com.", "example.com");
	becomes("a", "a");
	becomes("_dmarc.3com.com", "_dmarc.3com.com");
	becomes("m\303\274nchen.example", "xn--mnchen-3ya.example");
	becomes("M\303\234NCHEN.Example", "xn--mnchen-3ya.example");
	becomes(
	    "mu\314\210nchen.example", "xn--mnchen-3ya.example");  /* decomposed: NFC first */
	becomes("stra\303\237e.example", "xn--strae-oqa.example"); /* nontransitional */
	becomes("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example");
	becomes(
	    "xn--i-7iq.example", "xn--i-7iq.example"); /* the DNS has it, IDNA2008 would not */
	becomes("example\343\200\202com", "example.com"); /* an ideographic full stop */

	refused("");
	refused(".");
	refused("..");
	refused(".example.com");
	refused("example..com");
	refused("-a.example.com");
	refused("a-.example.com");
	refused("a b.example.com");
	refused("a@example.com");
	refused("a/b.example.com");
	refused("a\nb.example.com");
	refused("m\374nchen.example"); /* Latin-1 */
	refused("\342\235\244.example");
	ok(domain_normalise(name, "a\0b.example", 11) != NULL, "a NUL byte is refused");
	ok(domain_normalise(name, "\303\274\0b.example", 12) != NULL,
	    "... and behind 8-bit bytes");

	memset(text, 'a', sizeof(text));
	text[63] = '.';
	ok(domain_normalise(name, text, 66) == NULL, "a label of 63 bytes");
	text[63] = 'a';
	text[64] = '.';
	ok(domain_normalise(name, text, 67) != NULL, "... but not of 64");
	memset(text, 'a', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '.';
	ok(domain_normalise(name, text, 253) == NULL && strlen(name) == 253, "253 bytes");
	ok(domain_normalise(name, text, 255) != NULL, "... but not 255");
	memset(text, '\303', sizeof(text));
	ok(domain_normalise(name, text, sizeof(text)) != NULL, "... nor many 8-bit ones");

	recipient("example.com", true);
	recipient("example", false);
	recipient("1.2.3.4", false);
	recipient("a.123", false);
	recipient("a.0x7f", false);
	recipient("123.example", true);

	ok(domain_normalise_label(name, "Main/1", 6) == NULL, "a main name may be any text");
	is_str(name, "main/1", "... in lower case");
	ok(domain_normalise_label(name, "M\303\274nchen", 8) == NULL,
	    "... or a single U-label");
	is_str(name, "xn--mnchen-3ya", "... which is converted");
	ok(domain_normalise_label(name, "a b", 3) != NULL, "... but has no blanks");
	ok(domain_normalise_label(name, "a@b", 3) != NULL, "... no @");
	ok(domain_normalise_label(name, "a\177", 2) != NULL, "... no control bytes");
	ok(domain_normalise_label(name, "", 0) != NULL, "... and is not empty");
	memset(text, '!', sizeof(text));
	ok(domain_normalise_label(name, text, 253) == NULL, "... has up to 253 bytes");
	ok(domain_normalise_label(name, text, 254) != NULL, "... not 254");
	ok(!domain_is_recipient("a/b.example"), "a main name is not for mail by having a dot");

	ok(domain_unicode(unicode, "xn--mnchen-3ya.example"), "an A-label has a U-label");
	is_str(unicode, "m\303\274nchen.example", "... the right one");
	ok(domain_unicode(unicode, "www.xn--mnchen-3ya.example"), "... also further on");
	ok(!domain_unicode(unicode, "example.com"), "a plain name has none");
	ok(!domain_unicode(unicode, "xn--a.example"), "nor has what is no A-label");
	ok(!domain_unicode(unicode, "xn--i-7iq.example"),
	    "nor has what would not convert back");

	ok(domain_is_numeric("300.1.1.1") && domain_is_numeric("1") &&
		domain_is_numeric("0x7f.0x1"),
	    "numbers could be an address");
	ok(!domain_is_numeric("1.2.3.x") && !domain_is_numeric("0xg"), "names couldn't");
	return tap_done();
}
