/*
 * Keywords of EHLO: which pass.
 */
#include "door/wrapkeywords.h"
#include "tap.h"

static bool
passes(const char *line, bool starttls)
{
	size_t len;
	const char *keyword = wrapkeywords_find(line, strlen(line), &len);

	return wrapkeywords_pass(keyword, len, starttls);
}

int
main(void)
{
	static const char *const known[] = {"250-8BITMIME\r\n", "250-size 1000\r\n",
	    "250 PIPELINING\n", "250-AUTH PLAIN LOGIN\r\n", "250-AUTH=LOGIN\r\n",
	    "250-ENHANCEDSTATUSCODES\r\n", "250-DSN\r\n", "250-SMTPUTF8\r\n", "250-HELP\r\n",
	    "250-LIMITS RCPTMAX=5\r\n"};
	static const char *const hidden[] = {"250-STARTTLS\r\n", "250-CHUNKING\r\n",
	    "250-BINARYMIME\r\n", "250-XCLIENT NAME\r\n", "250-XFORWARD\r\n", "250-PRDR\r\n",
	    "250-BURL imap\r\n", "250-X-ANYTHING\r\n", "250-PIPECONNECT\r\n", "250-SIZES\r\n",
	    "250-DS\r\n", "250\r\n", "250-\r\n", "250- DSN\r\n", "25"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		ok(passes(known[i], false), "keyword %zu passes", i);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		ok(!passes(hidden[i], false), "hidden keyword %zu does not", i);
	ok(passes("250-starttls\r\n", true), "STARTTLS, where it is wanted");
	ok(!passes("250-CHUNKING\r\n", true), "and nothing else");
	return tap_done();
}
