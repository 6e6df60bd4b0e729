/*
 * The SMTP client against any server. The first byte is a set of conditions; of the rest each
 * piece is a byte of length (0 loses the connection) and what the server says. A conversation
 * that is held goes on with other questions as long as it is open.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/smtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UTF8 = 1, GUARD = 2, SENDER = 4, LAZY = 8, HOLD = 16 };

#define QUESTIONS_MAX 4

/* What the client said; rset, mail and rcpt of this question. */
struct said {
	unsigned ehlo, helo, rset, mail, rcpt, quit;
	unsigned questions;
};

static void
check(bool good)
{
	if (!good)
		abort();
}

/* Takes the output, if there is any: whole lines, each a command that may be sent, in order. */
static void
take_output(struct smtp *smtp, const char *path, struct said *said)
{
	const char *p = smtp->out;
	size_t left = smtp->out_len;

	check(left <= SMTP_OUT_SIZE);
	while (left > 0) {
		const char *end = memchr(p, '\n', left);
		size_t len;

		check(end != NULL && end > p && end[-1] == '\r');
		len = (size_t)(end - p) - 1;
		check(memchr(p, '\r', len) == NULL && memchr(p, '\0', len) == NULL &&
		    said->quit == 0);
		if (len == 8 && memcmp(p, "EHLO us.", 8) == 0) {
			check(said->ehlo++ == 0);
		} else if (len == 8 && memcmp(p, "HELO us.", 8) == 0) {
			check(said->ehlo == 1 && said->helo++ == 0 && said->mail == 0);
		} else if (len >= 12 && memcmp(p, "MAIL FROM:<", 11) == 0) {
			check(said->ehlo == 1 && said->mail++ == 0);
			check(said->questions == 1 || said->rset == 1);
		} else if (len == 10 + strlen(path) && memcmp(p, "RCPT TO:<", 9) == 0) {
			check(memcmp(p + 9, path, strlen(path)) == 0 && p[len - 1] == '>');
			check(said->mail == 1 && said->rcpt++ == 0);
		} else if (len == 4 && memcmp(p, "RSET", 4) == 0) {
			check(said->questions > 1 && said->rset++ == 0 && said->mail == 0);
		} else {
			check(len == 4 && memcmp(p, "QUIT", 4) == 0 && smtp->done);
			said->quit++;
		}
		left -= len + 2;
		p = end + 1;
	}
	smtp->out_len = 0;
}

/* What the server said, read by other means: the code of the last line that is whole. */
static int
last_code(const char *bytes, size_t len)
{
	const char *end = memrchr(bytes, '\n', len), *start;

	if (end == NULL)
		return 0;
	start = memrchr(bytes, '\n', (size_t)(end - bytes));
	start = start == NULL ? bytes : start + 1;
	return end - start >= 3 ? atoi((char[]){start[0], start[1], start[2], '\0'}) : 0;
}

static void
check_answer(const struct smtp *smtp, const struct said *said)
{
	const struct smtp_answer *answer = &smtp->answer;

	check(finding_name(answer->finding) != NULL && smtp_stage_name(answer->stage) != NULL);
	check(strlen(answer->enhanced) < sizeof(answer->enhanced));
	for (const char *p = answer->text; *p != '\0'; p++)
		check(*p >= ' ' && *p <= '~');
	check(answer->code != 0 || answer->note != NULL);
	check(smtp->hold || (answer->code == 0) == (said->quit == 0));
	check(!smtp->open ||
	    (smtp->hold && smtp->done && !smtp->draining && smtp->outstanding == 0 &&
		said->mail == 1));
	if (finding_is_verdict(answer->finding)) {
		check(answer->stage == SMTP_RCPT && said->rcpt == 1);
		check(smtp->hold || said->quit == 1);
		check(answer->note == NULL);
		check(answer->finding == FINDING_EXISTS ? answer->code / 100 == 2
							: answer->code / 100 == 5);
	}
}

/*
 * A "no": the server's last words were a 5yz (or the 421 behind it), said after it was asked.
 * heard is what it said since the question began.
 */
static void
check_no(const struct smtp *smtp, const char *heard, size_t len, size_t before_rcpt, bool lazy)
{
	char line[6];
	int code = last_code(heard, len);

	if (!finding_is_no(smtp->answer.finding))
		return;
	snprintf(line, sizeof(line), "\n%d", smtp->answer.code);
	check(memmem(heard, len, line, 4) != NULL);
	check(code == smtp->answer.code || memmem(heard, len, "\n421", 4) != NULL);
	check(lazy || before_rcpt < len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct smtp smtp;
	static char heard[1 << 16];
	struct said said = {.questions = 1};
	struct smtp_question questions[2] = {
	    {.helo = "us.", .sender = "", .path = "\"a b\"@example.com"},
	    {.helo = "us.", .sender = "other@example.net", .path = "c@example.com"},
	};
	const struct smtp_question *question = &questions[0];
	struct smtp_answer first;
	size_t heard_len = 0, before_rcpt = 0;
	bool answered = false;
	int flags;

	if (size == 0 || size > sizeof(heard))
		return 0;
	flags = *data++;
	size--;
	questions[0].needs_utf8 = flags & UTF8;
	if (flags & SENDER)
		questions[0].sender = "probe@example.net";
	memset(&smtp, 0x5a, sizeof(smtp));
	smtp_start(&smtp, question, "192.0.2.9", flags & GUARD);
	if (flags & HOLD) {
		smtp.hold = true;
		flags &= ~LAZY; /* the output of all questions together is more than fits */
	}
	while (size > 0) {
		size_t len = *data++;
		char *block;

		size--;
		if (len == 0) {
			smtp_lost(&smtp, "lost");
		} else {
			if (len > size)
				len = size;
			block = malloc(len + 1);
			check(block != NULL);
			memcpy(block, data, len);
			if (!answered) {
				memcpy(heard + heard_len, block, len);
				heard_len += len;
			}
			if (said.rcpt == 0)
				before_rcpt = heard_len;
			smtp_input(&smtp, block, len);
			free(block);
			data += len;
			size -= len;
		}
		if (!(flags & LAZY) || smtp.done || size == 0)
			take_output(&smtp, question->path, &said);
		if (smtp.done && !answered) {
			answered = true;
			first = smtp.answer;
			check_answer(&smtp, &said);
			check_no(&smtp, heard, heard_len, before_rcpt, flags & LAZY);
		}
		if (answered)
			check(memcmp(&first, &smtp.answer, sizeof(first)) == 0);
		if (smtp.open && said.questions < QUESTIONS_MAX) {
			question = &questions[said.questions++ % 2];
			said.rset = said.mail = said.rcpt = 0;
			heard[0] = '\n';
			heard_len = before_rcpt = 1;
			answered = false;
			smtp_again(&smtp, question);
			take_output(&smtp, question->path, &said);
		}
	}
	smtp_lost(&smtp, "timeout");
	take_output(&smtp, question->path, &said);
	check(smtp.done && !smtp.open);
	check_answer(&smtp, &said);
	return 0;
}
