#include "wire.h"

#include <string.h>

enum { QUESTION_REFRESH = 1 };

enum outcome_flags {
	OUTCOME_ANSWERED = 1,
	OUTCOME_REMEMBERED = 2,
	OUTCOME_BUSY = 4,
	OUTCOME_BROKEN = 8,
	OUTCOME_LACKS_UTF8 = 16,
	OUTCOME_FLAGS = 31,
};

/* A message that is read: what is left of it. */
struct reader {
	const unsigned char *at;
	size_t left;
	bool bad;
};

static void
put_number(unsigned char *out, size_t *len, uint64_t number, size_t bytes)
{
	while (bytes-- > 0)
		out[(*len)++] = (unsigned char)(number >> (8 * bytes));
}

/* All texts together are shorter than a message may be. */
static void
put_text(unsigned char *out, size_t *len, const char *text, size_t max)
{
	size_t text_len = strnlen(text, max);

	out[(*len)++] = (unsigned char)text_len;
	memcpy(out + *len, text, text_len);
	*len += text_len;
}

static uint64_t
get_number(struct reader *reader, size_t bytes)
{
	uint64_t number = 0;

	if (reader->left < bytes) {
		reader->bad = true;
		return 0;
	}
	reader->left -= bytes;
	while (bytes-- > 0)
		number = number << 8 | *reader->at++;
	return number;
}

/* A number that must be at most max. */
static unsigned
get_choice(struct reader *reader, unsigned max)
{
	unsigned number = (unsigned)get_number(reader, 1);

	if (number <= max)
		return number;
	reader->bad = true;
	return 0;
}

/* A printable text that must fit. */
static void
get_text(struct reader *reader, char *text, size_t size)
{
	size_t len = (size_t)get_number(reader, 1);

	text[0] = '\0';
	if (len > reader->left || len >= size)
		reader->bad = true;
	for (size_t i = 0; !reader->bad && i < len; i++)
		if (reader->at[i] < ' ' || reader->at[i] > '~')
			reader->bad = true;
	if (reader->bad)
		return;
	memcpy(text, reader->at, len);
	text[len] = '\0';
	reader->at += len;
	reader->left -= len;
}

static struct reader
begin(const unsigned char *message, size_t len, enum wire_kind kind)
{
	struct reader reader = {message, len, false};

	if (get_number(&reader, 1) != WIRE_VERSION || get_number(&reader, 1) != kind)
		reader.bad = true;
	return reader;
}

size_t
wire_make_word(unsigned char *out, enum wire_kind kind)
{
	out[0] = WIRE_VERSION;
	out[1] = (unsigned char)kind;
	return 2;
}

size_t
wire_make_question(unsigned char *out, const struct wire_question *question)
{
	size_t len = wire_make_word(out, WIRE_QUESTION);

	put_number(out, &len, question->refresh ? QUESTION_REFRESH : 0, 1);
	put_number(out, &len, question->left, 4);
	put_text(out, &len, question->client, sizeof(question->client) - 1);
	memcpy(out + len, question->address, question->address_len);
	return len + question->address_len;
}

size_t
wire_make_answer(unsigned char *out, const struct outcome *outcome, const char *trouble)
{
	const struct smtp_answer *answer = &outcome->answer;
	size_t len = wire_make_word(out, WIRE_ANSWER);
	struct wire_answer limits;

	put_number(out, &len,
	    (outcome->answered ? OUTCOME_ANSWERED : 0u) |
		(outcome->remembered ? OUTCOME_REMEMBERED : 0u) |
		(outcome->busy ? OUTCOME_BUSY : 0u) | (outcome->broken ? OUTCOME_BROKEN : 0u) |
		(answer->lacks_utf8 ? OUTCOME_LACKS_UTF8 : 0u),
	    1);
	put_number(out, &len, answer->finding, 1);
	put_number(out, &len, answer->stage, 1);
	put_number(out, &len, outcome->control, 1);
	put_number(out, &len, (unsigned)answer->code, 2);
	put_number(out, &len, (uint64_t)outcome->catch_all_since, 8);
	put_number(out, &len, (uint64_t)outcome->age, 8);
	put_text(out, &len, answer->enhanced, sizeof(answer->enhanced) - 1);
	put_text(out, &len, answer->text, sizeof(answer->text) - 1);
	put_text(out, &len, answer->note != NULL ? answer->note : "", sizeof(limits.note) - 1);
	put_text(out, &len, outcome->host, sizeof(outcome->host) - 1);
	put_text(out, &len, trouble != NULL ? trouble : "", sizeof(limits.trouble) - 1);
	return len;
}

enum wire_kind
wire_kind(const unsigned char *message, size_t len)
{
	if (len < 2 || message[0] != WIRE_VERSION)
		return WIRE_NONSENSE;
	switch (message[1]) {
	case WIRE_STATUS:
	case WIRE_WAIT:
	case WIRE_DIRECTLY:
		return len == 2 ? (enum wire_kind)message[1] : WIRE_NONSENSE;
	case WIRE_QUESTION:
	case WIRE_ANSWER:
	case WIRE_TEXT:
		return (enum wire_kind)message[1];
	default:
		return WIRE_NONSENSE;
	}
}

bool
wire_parse_question(struct wire_question *question, const unsigned char *message, size_t len)
{
	struct reader reader = begin(message, len, WIRE_QUESTION);

	question->refresh = get_choice(&reader, QUESTION_REFRESH) != 0;
	question->left = (uint32_t)get_number(&reader, 4);
	get_text(&reader, question->client, sizeof(question->client));
	if (reader.bad || reader.left == 0 || reader.left > sizeof(question->address))
		return false;
	memcpy(question->address, reader.at, reader.left);
	question->address_len = reader.left;
	return true;
}

/*
 * A "no" must be one all over, as in the cache: said by a server at RCPT, or that no server has
 * SMTPUTF8.
 */
static bool
is_sound(const struct outcome *outcome)
{
	const struct smtp_answer *answer = &outcome->answer;

	if (outcome->busy || outcome->remembered)
		return !finding_is_no(answer->finding);
	if (!finding_is_verdict(answer->finding))
		return true;
	if (answer->stage != SMTP_RCPT &&
	    !(answer->finding == FINDING_REFUSED && answer->lacks_utf8))
		return false;
	return outcome->host[0] != '\0' &&
	    (finding_is_no(answer->finding) ? answer->code / 100 == 5
					    : answer->code / 100 == 2);
}

bool
wire_parse_answer(struct wire_answer *answer, const unsigned char *message, size_t len)
{
	struct reader reader = begin(message, len, WIRE_ANSWER);
	struct outcome *outcome = &answer->outcome;
	unsigned flags = get_choice(&reader, OUTCOME_FLAGS);

	outcome_clear(outcome);
	outcome->answered = flags & OUTCOME_ANSWERED;
	outcome->remembered = flags & OUTCOME_REMEMBERED;
	outcome->busy = flags & OUTCOME_BUSY;
	outcome->broken = flags & OUTCOME_BROKEN;
	outcome->answer.lacks_utf8 = flags & OUTCOME_LACKS_UTF8;
	outcome->answer.finding = (enum finding)get_choice(&reader, FINDING_AMBIGUOUS);
	outcome->answer.stage = (enum smtp_stage)get_choice(&reader, SMTP_RCPT);
	outcome->control = (enum inquiry_control)get_choice(&reader, CONTROL_FAILED);
	outcome->answer.code = (int)get_number(&reader, 2);
	outcome->catch_all_since = (int64_t)get_number(&reader, 8);
	outcome->age = (int64_t)get_number(&reader, 8);
	get_text(&reader, outcome->answer.enhanced, sizeof(outcome->answer.enhanced));
	get_text(&reader, outcome->answer.text, sizeof(outcome->answer.text));
	get_text(&reader, answer->note, sizeof(answer->note));
	get_text(&reader, outcome->host, sizeof(outcome->host));
	get_text(&reader, answer->trouble, sizeof(answer->trouble));
	outcome->answer.note = answer->note[0] != '\0' ? answer->note : NULL;
	return !reader.bad && reader.left == 0 && outcome->age >= -1 &&
	    outcome->catch_all_since >= 0 && outcome->answer.code <= 599 && is_sound(outcome);
}
