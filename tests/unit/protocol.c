/*
 * What rcptserve's protocols share: lines out of bytes, answers, fields of a question.
 */
#include "door/protocol.h"

#include <stdlib.h>

#include "tap.h"

static struct answer answer;

static void
test_answers(void)
{
	char big[PROTOCOL_ANSWER_SIZE];

	answer_start(&answer);
	answer_add(&answer, "ab");
	answer_add_foreign(&answer, "c\r\n\0\x1b\x80~ d", 9, 8);
	ok(answer.len == 10 && memcmp(answer.bytes, "abc?????~ ", 10) == 0,
	    "text from outside is printable and cut");
	ok(answer.verdict == VERDICT_ACCEPT, "by itself, the program ends well");
	memset(big, 'x', sizeof(big));
	ok(!answer_add_bytes(&answer, big, sizeof(big) - 9) && answer.len == 10,
	    "what does not fit is not added");
	ok(answer_add_bytes(&answer, big, sizeof(big) - 10) && answer.len == sizeof(big),
	    "what just fits is");
	answer_add(&answer, "x");
	is_int((long long)answer.len, sizeof(big), "and nothing more");
}

static void
test_question(void)
{
	static struct question question;
	char big[PROTOCOL_ADDRESS_MAX + 1], copy[4];

	memset(big, 'x', sizeof(big));
	ok(question_set_recipient(&question, big, sizeof(big) - 1), "the longest recipient");
	ok(!question_set_recipient(&question, big, sizeof(big)), "and one that is too long");
	question_copy(copy, sizeof(copy), "abcdef", 6);
	is_str(copy, "abc", "a text is cut");
	question_copy(copy, sizeof(copy), NULL, 0);
	is_str(copy, "", "or empty");
	question_clear(&question);
	question_set_self(&question, "192.0.2.1", 9, "25", 2);
	is_str(question.self, "192.0.2.1:25", "our own end");
	question_set_self(&question, "::FFFF:192.0.2.2", 16, "25", 2);
	is_str(question.self, "192.0.2.2:25", "an IPv4 address as IPv6 has it");
	question_set_self(&question, "2001:db8::1", 11, "65535", 5);
	is_str(question.self, "[2001:db8::1]:65535", "IPv6");
	question_set_self(&question, big, sizeof(big), "25", 2);
	question_set_self(&question, "192.0.2.1", 9, "655360", 6);
	question_set_self(&question, "", 0, "25", 2);
	is_str(question.self, "[2001:db8::1]:65535", "what is no address changes nothing");
	ok(bytes_match("RcPt", 4, "rcpt") && !bytes_match("rcpt", 3, "rcpt") &&
		!bytes_match("rcptx", 5, "rcpt") && bytes_match("", 0, ""),
	    "texts are the same in whatever case");
}

/* All lines of some bytes that come in pieces; "|" behind each, "+" where it was cut. */
static char *
lines_of(const char *bytes, size_t len, size_t piece)
{
	static char out[30000], buffer[2 * PROTOCOL_MESSAGE_ROOM];
	size_t out_len = 0, held = 0;
	bool skipping = false;

	while (len > 0) {
		size_t n = piece < len ? piece : len;
		struct input input = {0};
		enum line_taken taken;
		const char *line;
		size_t line_len;

		memcpy(buffer + held, bytes, n);
		held += n;
		bytes += n;
		len -= n;
		input.bytes = buffer;
		input.len = held;
		while ((taken = line_take(&input, &skipping, &line, &line_len)) != LINE_NONE) {
			memcpy(out + out_len, line, line_len);
			out_len += line_len;
			out[out_len++] = taken == LINE_CUT ? '+' : '|';
		}
		held -= input.used;
		memmove(buffer, buffer + input.used, held);
	}
	out[out_len] = '\0';
	return out;
}

static void
test_lines(void)
{
	static char big[3 * PROTOCOL_LINE_MAX], want[3 * PROTOCOL_LINE_MAX];
	size_t bad = 0;

	for (size_t piece = 1; piece < 20; piece++)
		bad +=
		    strcmp(lines_of("a\n\nb\r\n\r\nc\rd\nhalf", 16, piece), "a||b||c\rd|") != 0;
	is_int((long long)bad, 0, "lines in pieces of any size");
	memset(big, 'x', sizeof(big));
	memset(want, 'x', sizeof(want));
	big[PROTOCOL_LINE_MAX] = '\n';
	strcpy(want + PROTOCOL_LINE_MAX, "|");
	is_str(lines_of(big, PROTOCOL_LINE_MAX + 1, 1000), want, "the longest line");
	memset(big, 'x', sizeof(big));
	strcpy(want + PROTOCOL_LINE_MAX, "+");
	big[PROTOCOL_LINE_MAX + 1] = '\n';
	is_str(lines_of(big, PROTOCOL_LINE_MAX + 2, 1000), want, "one byte more: it is cut");
	memset(big, 'x', sizeof(big));
	memcpy(big + sizeof(big) - 4, "\nab\n", 4);
	strcpy(want + PROTOCOL_LINE_MAX, "+ab|");
	bad = 0;
	for (size_t piece = 1; piece < 8000; piece = piece * 3 + 1)
		bad += strcmp(lines_of(big, sizeof(big), piece), want) != 0;
	is_int((long long)bad, 0, "a far longer one, and the next is whole");
}

int
main(void)
{
	test_answers();
	test_question();
	test_lines();
	return tap_done();
}
