/*
 * Any bytes as a message between rcptcheck and rcptprobe: what is read of one makes it again,
 * byte by byte, and a "no" in it is one all over.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_text(const char *text, size_t size)
{
	check(memchr(text, '\0', size) != NULL);
	for (; *text != '\0'; text++)
		check(*text >= ' ' && *text <= '~');
}

static void
check_question(const struct wire_question *question)
{
	check_text(question->client, sizeof(question->client));
	check(question->address_len > 0 && question->address_len <= WIRE_ADDRESS_MAX);
}

static void
check_answer(const struct wire_answer *message)
{
	const struct outcome *outcome = &message->outcome;
	const struct smtp_answer *answer = &outcome->answer;

	check(finding_name(answer->finding) != NULL && smtp_stage_name(answer->stage) != NULL);
	check(outcome->control <= CONTROL_FAILED && outcome->catch_all == CATCH_ALL_NOT_ASKED);
	check(answer->code >= 0 && answer->code <= 599 && outcome->age >= -1);
	check_text(answer->enhanced, sizeof(answer->enhanced));
	check_text(answer->text, sizeof(answer->text));
	check_text(outcome->host, sizeof(outcome->host));
	check_text(message->note, sizeof(message->note));
	check_text(message->trouble, sizeof(message->trouble));
	check(answer->note == NULL || answer->note == message->note);
	if (finding_is_no(answer->finding)) {
		check(answer->code / 100 == 5 && outcome->host[0] != '\0');
		check(!outcome->busy && !outcome->remembered);
		check(answer->stage == SMTP_RCPT ||
		    (answer->finding == FINDING_REFUSED && answer->lacks_utf8));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire_question question;
	static struct wire_answer answer;
	static unsigned char again[WIRE_SIZE_MAX];
	enum wire_kind kind = wire_kind(data, size);

	/* What the parsers do not set themselves must not matter. */
	memset(&question, 0x5a, sizeof(question));
	memset(&answer, 0x5a, sizeof(answer));
	if (wire_parse_question(&question, data, size)) {
		check(kind == WIRE_QUESTION);
		check_question(&question);
		check(wire_make_question(again, &question) == size &&
		    memcmp(again, data, size) == 0);
	}
	if (wire_parse_answer(&answer, data, size)) {
		check(kind == WIRE_ANSWER);
		check_answer(&answer);
		check(wire_make_answer(again, &answer.outcome, answer.trouble) == size &&
		    memcmp(again, data, size) == 0);
	}
	if (kind == WIRE_STATUS || kind == WIRE_WAIT || kind == WIRE_DIRECTLY)
		check(wire_make_word(again, kind) == size && memcmp(again, data, size) == 0);
	return 0;
}
