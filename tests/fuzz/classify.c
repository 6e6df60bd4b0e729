/*
 * Any reply to RCPT: a "no" needs a 5yz in its last line, and its text can only take a "no"
 * away. The input is a path, LF, and the reply.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/classify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static bool
is_no(enum finding finding)
{
	return finding == FINDING_UNKNOWN || finding == FINDING_REFUSED;
}

/*
 * The first digit of the last line, read by other means; the end of that line is the last byte.
 */
static char
last_digit(const char *reply, size_t len)
{
	const char *before = memrchr(reply, '\n', len - 1);

	return before == NULL ? reply[0] : before[1];
}

/* How much is believed of a code that may be about the user; 0: it can't be. */
static int
belief(enum finding finding)
{
	switch (finding) {
	case FINDING_UNKNOWN:
		return 3;
	case FINDING_AMBIGUOUS:
		return 2;
	case FINDING_POLICY:
		return 1;
	default:
		return 0;
	}
}

static enum finding
classify_codes(const struct reply *from, const struct classify_question *question)
{
	static struct reply reply;

	reply_start(&reply);
	reply.code = from->code;
	strcpy(reply.enhanced, from->enhanced);
	reply.enhanced_differs = from->enhanced_differs;
	return classify_rcpt(&reply, question);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reply reply;
	struct classify_question question = {.own_ip = "192.0.2.9"};
	const uint8_t *end = memchr(data, '\n', size);
	char path[400];
	size_t path_len, used;
	enum finding finding, codes;

	if (end == NULL || (path_len = (size_t)(end - data)) >= sizeof(path) ||
	    memchr(data, '\0', path_len) != NULL)
		return 0;
	memcpy(path, data, path_len);
	path[path_len] = '\0';
	question.path = path;
	question.needs_utf8 = path_len > 0 && (unsigned char)path[0] >= 0x80;

	reply_start(&reply);
	if (reply_feed(&reply, (const char *)end + 1, size - path_len - 1, &used) !=
	    REPLY_WHOLE)
		return 0;
	finding = classify_rcpt(&reply, &question);
	codes = classify_codes(&reply, &question);
	/* What may be about policy is never clearly about the user. */
	check(finding != FINDING_UNKNOWN || reply.enhanced[0] != '\0' ||
	    !classify_may_be_policy(&reply, &question));
	check(finding_name(finding) != NULL);
	check(!is_no(finding) ||
	    (reply.code >= 500 && last_digit((const char *)end + 1, used) == '5'));
	check(!is_no(finding) || !reply.enhanced_differs);
	check(!is_no(finding) || reply.enhanced[0] == '\0' || reply.enhanced[0] == '5');
	check(finding != FINDING_EXISTS || (reply.code >= 200 && reply.code < 300));
	/* Text makes less of what the codes say about the user, and changes nothing else. */
	check(finding == codes || (belief(finding) > 0 && belief(finding) < belief(codes)));
	check(!is_no(classify_before_rcpt(&reply)) || reply.code < 300);
	return 0;
}
