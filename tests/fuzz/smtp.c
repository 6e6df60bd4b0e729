/*
 * The SMTP client against any server. The first byte is a set of conditions; of the rest each
 * piece is a byte of length (0 loses the connection) and what the server says.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/smtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UTF8 = 1, GUARD = 2, SENDER = 4, LAZY = 8 };

/* What the client said. */
struct said {
	unsigned ehlo, helo, mail, rcpt, quit;
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
		} else if (len == 10 + strlen(path) && memcmp(p, "RCPT TO:<", 9) == 0) {
			check(memcmp(p + 9, path, strlen(path)) == 0 && p[len - 1] == '>');
			check(said->mail == 1 && said->rcpt++ == 0);
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
	check((answer->code == 0) == (answer->note != NULL && said->quit == 0));
	if (finding_is_verdict(answer->finding)) {
		check(answer->stage == SMTP_RCPT && said->rcpt == 1 && said->quit == 1);
		check(answer->note == NULL);
		check(answer->finding == FINDING_EXISTS ? answer->code / 100 == 2
							: answer->code / 100 == 5);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct smtp smtp;
	static char heard[1 << 16];
	struct said said = {0};
	struct smtp_question question = {
	    .helo = "us.", .sender = "", .path = "\"a b\"@example.com"};
	struct smtp_answer first;
	size_t heard_len = 0, replies_before_rcpt = 0;
	bool answered = false;
	int flags;

	if (size == 0 || size > sizeof(heard))
		return 0;
	flags = *data++;
	size--;
	question.needs_utf8 = flags & UTF8;
	if (flags & SENDER)
		question.sender = "probe@example.net";
	memset(&smtp, 0x5a, sizeof(smtp));
	smtp_start(&smtp, &question, "192.0.2.9", flags & GUARD);
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
				replies_before_rcpt = heard_len;
			smtp_input(&smtp, block, len);
			free(block);
			data += len;
			size -= len;
		}
		if (!(flags & LAZY) || smtp.done || size == 0)
			take_output(&smtp, question.path, &said);
		if (smtp.done && !answered) {
			answered = true;
			first = smtp.answer;
			check_answer(&smtp, &said);
			/* A "no": the server's last words were a 5yz (or the 421 behind it),
			 * said after it was asked. */
			if (finding_is_verdict(first.finding) &&
			    first.finding != FINDING_EXISTS) {
				char line[6];
				int code = last_code(heard, heard_len);

				snprintf(line, sizeof(line), "\n%d", first.code);
				check(memmem(heard, heard_len, line, 4) != NULL);
				check(code == first.code ||
				    memmem(heard, heard_len, "\n421", 4) != NULL);
				check((flags & LAZY) || replies_before_rcpt < heard_len);
			}
		}
		if (answered)
			check(memcmp(&first, &smtp.answer, sizeof(first)) == 0);
	}
	smtp_lost(&smtp, "timeout");
	take_output(&smtp, question.path, &said);
	check(smtp.done);
	check_answer(&smtp, &said);
	return 0;
}
