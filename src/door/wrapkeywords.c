#include "wrapkeywords.h"

#include <string.h>
#include <strings.h>

/*
 * None of these changes the order of commands and replies, or how a message ends. Not here:
 * STARTTLS, CHUNKING and BINARYMIME (BDAT), BURL, XCLIENT and XFORWARD (they tell the server
 * another client), PRDR (many replies to one message), PIPECONNECT, and all that is private.
 */
static const char *const known[] = {"8BITMIME", "AUTH", "DELIVERBY", "DSN",
    "ENHANCEDSTATUSCODES", "ETRN", "EXPN", "FUTURERELEASE", "HELP", "LIMITS", "MT-PRIORITY",
    "NO-SOLICITING", "PIPELINING", "RRVS", "SIZE", "SMTPUTF8", "SUBMITTER", "VRFY"};

const char *
wrapkeywords_find(const char *line, size_t line_len, size_t *len)
{
	size_t start = line_len < 4 ? line_len : 4, end = start;

	/* "AUTH=LOGIN" is how some clients want to be told of AUTH. */
	while (end < line_len && strchr(" \t=\r\n", line[end]) == NULL)
		end++;
	*len = end - start;
	return line + start;
}

bool
wrapkeywords_pass(const char *keyword, size_t len, bool starttls)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == len && strncasecmp(known[i], keyword, len) == 0)
			return true;
	return starttls && len == 8 && strncasecmp(keyword, "STARTTLS", len) == 0;
}
