/*
 * The messages between rcptcheck and rcptprobe: what is made is read as it was, and what is not
 * exactly like that is no message.
 */
#include "rcpt/wire.h"

#include <stdlib.h>

#include "tap.h"

static unsigned char message[WIRE_SIZE_MAX];

/*
 * The parsers get a block of just that size, so that nothing can be read behind its end. What
 * they do not set themselves must not matter.
 */
static bool
parse_question(struct wire_question *question, const unsigned char *bytes, size_t len)
{
	unsigned char *copy = malloc(len + (len == 0));
	bool good;

	memcpy(copy, bytes, len);
	memset(question, 0x5a, sizeof(*question));
	good = wire_parse_question(question, copy, len);
	free(copy);
	return good;
}

static bool
parse_answer(struct wire_answer *answer, const unsigned char *bytes, size_t len)
{
	unsigned char *copy = malloc(len + (len == 0));
	bool good;

	memcpy(copy, bytes, len);
	memset(answer, 0x5a, sizeof(*answer));
	good = wire_parse_answer(answer, copy, len);
	free(copy);
	return good;
}

static bool
is_same_question(const struct wire_question *a, const struct wire_question *b)
{
	return a->refresh == b->refresh && a->left == b->left &&
	    strcmp(a->client, b->client) == 0 && a->address_len == b->address_len &&
	    memcmp(a->address, b->address, a->address_len) == 0;
}

static void
test_question(const char *name, const struct wire_question *question)
{
	struct wire_question back;
	size_t len = wire_make_question(message, question), bad = 0;
	unsigned char more[WIRE_SIZE_MAX];

	ok(len <= WIRE_SIZE_MAX && wire_kind(message, len) == WIRE_QUESTION &&
		parse_question(&back, message, len) && is_same_question(question, &back),
	    "question: %s, %zu bytes", name, len);
	/* Its end is the address, which may be shorter, but is never empty. */
	for (size_t i = 0; i < len; i++) {
		bool whole = i > len - question->address_len;

		bad += parse_question(&back, message, i) != whole;
		if (whole)
			bad += back.address_len != i - (len - question->address_len) ||
			    memcmp(back.address, question->address, back.address_len) != 0;
	}
	ok(bad == 0, "question: %s, cut anywhere", name);
	memset(more, 'x', sizeof(more));
	memcpy(more, message, len);
	bad = 0;
	for (size_t i = 1; len + i <= sizeof(more); i++)
		bad += parse_question(&back, more, len + i) !=
		    (question->address_len + i <= WIRE_ADDRESS_MAX);
	ok(bad == 0, "question: %s, and more bytes of the address", name);
}

static void
test_questions(void)
{
	struct wire_question question = {
	    .left = 29876, .client = "192.0.2.1", .address_len = 16};
	struct wire_question back;
	unsigned char bad[WIRE_SIZE_MAX];
	size_t len;

	memcpy(question.address, "user@example.com", 16);
	test_question("the plain case", &question);
	question.refresh = true;
	question.left = 0;
	question.client[0] = '\0';
	test_question("a refresh of nobody's", &question);
	question.left = UINT32_MAX;
	memset(question.client, 'f', sizeof(question.client) - 1);
	for (size_t i = 0; i < sizeof(question.address); i++)
		question.address[i] = (char)i;
	question.address_len = sizeof(question.address);
	test_question("the longest of all, with any bytes", &question);
	question.address_len = 1;
	test_question("the shortest address", &question);

	question = (struct wire_question){.left = 1, .client = "::1", .address_len = 3};
	memcpy(question.address, "a@b", 3);
	len = wire_make_question(message, &question);
	is_int((long long)len, 2 + 1 + 4 + 1 + 3 + 3, "a question has the length of its parts");
	ok(memcmp(message, "\1Q\0\0\0\0\1\3::1a@b", len) == 0, "and is as wire.h says");

	memcpy(bad, message, len);
	bad[0]++;
	ok(!parse_question(&back, bad, len) && wire_kind(bad, len) == WIRE_NONSENSE,
	    "another version is none");
	memcpy(bad, message, len);
	bad[1] = 'A';
	ok(!parse_question(&back, bad, len), "an answer is no question");
	memcpy(bad, message, len);
	bad[2] = 2;
	ok(!parse_question(&back, bad, len), "nor is one with a flag that nobody knows");
	for (int c = 0; c < 256; c++) {
		memcpy(bad, message, len);
		bad[9] = (unsigned char)c;
		if (parse_question(&back, bad, len) != (c >= ' ' && c <= '~'))
			ok(false, "a client with the byte %d in it", c);
	}
	ok(true, "the text of a client is printable");
	memset(bad, 'c', sizeof(bad));
	memcpy(bad, message, 7);
	bad[7] = WIRE_CLIENT_SIZE - 1;
	ok(parse_question(&back, bad, 8 + WIRE_CLIENT_SIZE + 5) &&
		strlen(back.client) == WIRE_CLIENT_SIZE - 1,
	    "the longest client");
	bad[7] = WIRE_CLIENT_SIZE;
	ok(!parse_question(&back, bad, 8 + WIRE_CLIENT_SIZE + 5), "a longer one");
}

static bool
is_same_answer(const struct outcome *a, const char *trouble, const struct wire_answer *b)
{
	const struct smtp_answer *from = &a->answer, *to = &b->outcome.answer;

	return from->finding == to->finding && from->stage == to->stage &&
	    from->lacks_utf8 == to->lacks_utf8 && from->code == to->code &&
	    strcmp(from->enhanced, to->enhanced) == 0 && strcmp(from->text, to->text) == 0 &&
	    (from->note == NULL) == (to->note == NULL) &&
	    (from->note == NULL || strcmp(from->note, to->note) == 0) &&
	    strcmp(a->host, b->outcome.host) == 0 && a->control == b->outcome.control &&
	    b->outcome.catch_all == CATCH_ALL_NOT_ASKED && a->answered == b->outcome.answered &&
	    a->remembered == b->outcome.remembered && a->busy == b->outcome.busy &&
	    a->broken == b->outcome.broken && a->age == b->outcome.age &&
	    a->catch_all_since == b->outcome.catch_all_since &&
	    strcmp(trouble, b->trouble) == 0;
}

static void
test_answer(const char *name, const struct outcome *outcome, const char *trouble)
{
	struct wire_answer back;
	size_t len = wire_make_answer(message, outcome, trouble), bad = 0;
	unsigned char more[WIRE_SIZE_MAX];

	ok(len <= WIRE_SIZE_MAX && wire_kind(message, len) == WIRE_ANSWER &&
		parse_answer(&back, message, len) &&
		is_same_answer(outcome, trouble == NULL ? "" : trouble, &back),
	    "answer: %s, %zu bytes", name, len);
	for (size_t i = 0; i < len; i++)
		bad += parse_answer(&back, message, i);
	ok(bad == 0, "answer: %s, cut anywhere it is none", name);
	for (int byte = 0; byte < 256; byte++) {
		memset(more, byte, sizeof(more));
		memcpy(more, message, len);
		for (size_t i = 1; i < 20; i++)
			bad += parse_answer(&back, more, len + i);
	}
	ok(bad == 0, "answer: %s, with more behind it neither", name);
}

static struct outcome
a_no(void)
{
	struct outcome outcome;

	outcome_clear(&outcome);
	outcome.answer.finding = FINDING_UNKNOWN;
	outcome.answer.stage = SMTP_RCPT;
	outcome.answer.note = NULL;
	outcome.answer.code = 550;
	strcpy(outcome.answer.enhanced, "5.1.1");
	strcpy(outcome.answer.text, "5.1.1 no such user");
	strcpy(outcome.host, "192.0.2.1:25");
	return outcome;
}

static void
test_answers(void)
{
	struct outcome outcome;
	char trouble[80];

	outcome_clear(&outcome);
	test_answer("nothing", &outcome, NULL);
	outcome = a_no();
	test_answer("a no", &outcome, NULL);
	test_answer("a no, and trouble", &outcome, "database is locked");
	outcome.answer.finding = FINDING_REFUSED;
	test_answer("a no for now", &outcome, "");
	outcome.answer.finding = FINDING_EXISTS;
	outcome.answer.code = 250;
	outcome.answer.note = "null-sender-refused";
	outcome.answered = true;
	test_answer("a yes", &outcome, NULL);

	outcome_clear(&outcome);
	outcome.remembered = true;
	outcome.answer.finding = FINDING_EXISTS;
	outcome.answer.note = "catch-all";
	strcpy(outcome.host, "[2001:db8::1]:25");
	outcome.catch_all_since = 1700000000;
	test_answer("a yes that was remembered", &outcome, NULL);

	outcome_clear(&outcome);
	outcome.busy = true;
	outcome.answer.note = "busy";
	test_answer("no room", &outcome, NULL);

	/* callout.c: what is said where no server has SMTPUTF8. */
	outcome = a_no();
	outcome.answer.finding = FINDING_REFUSED;
	outcome.answer.stage = SMTP_EHLO;
	outcome.answer.lacks_utf8 = true;
	outcome.answer.note = "no-smtputf8";
	outcome.answer.code = 553;
	strcpy(outcome.answer.enhanced, "5.6.7");
	test_answer("no SMTPUTF8 anywhere", &outcome, NULL);

	memset(&outcome, 'x', sizeof(outcome));
	outcome.answer.finding = FINDING_AMBIGUOUS;
	outcome.answer.stage = SMTP_RCPT;
	outcome.answer.code = 599;
	outcome.answer.enhanced[sizeof(outcome.answer.enhanced) - 1] = '\0';
	outcome.answer.text[sizeof(outcome.answer.text) - 1] = '\0';
	outcome.answer.lacks_utf8 = true;
	outcome.answer.note = "a note of 23 bytes, yes";
	outcome.host[sizeof(outcome.host) - 1] = '\0';
	outcome.control = CONTROL_FAILED;
	outcome.answered = outcome.remembered = outcome.busy = outcome.broken = true;
	outcome.age = INT64_MAX;
	outcome.catch_all_since = INT64_MAX;
	memset(trouble, '~', sizeof(trouble));
	trouble[sizeof(trouble) - 1] = '\0';
	test_answer("the longest of everything", &outcome, trouble);
	for (int i = 0; i <= FINDING_AMBIGUOUS; i++) {
		outcome = a_no();
		outcome.answer.finding = (enum finding)i;
		outcome.answer.code = outcome.answer.finding == FINDING_EXISTS ? 299 : 500;
		test_answer(finding_name((enum finding)i), &outcome, NULL);
	}
	for (int i = 0; i <= SMTP_RCPT; i++) {
		outcome_clear(&outcome);
		outcome.answer.stage = (enum smtp_stage)i;
		test_answer(smtp_stage_name((enum smtp_stage)i), &outcome, NULL);
	}
	for (int i = 0; i <= CONTROL_FAILED; i++) {
		outcome_clear(&outcome);
		outcome.control = (enum inquiry_control)i;
		test_answer("a control", &outcome, NULL);
	}
	for (int i = 0; i < 16; i++) {
		outcome_clear(&outcome);
		outcome.answered = i & 1;
		outcome.remembered = i & 2;
		outcome.busy = i & 4;
		outcome.broken = i & 8;
		test_answer("flags", &outcome, NULL);
	}
	outcome_clear(&outcome);
	outcome.age = 0;
	test_answer("an age of nothing", &outcome, NULL);
}

/* What is too long for the wire is cut, and still a message. */
static void
test_cut(void)
{
	struct outcome outcome = a_no();
	struct wire_answer back;
	char trouble[200];
	size_t len;

	outcome.answer.finding = FINDING_TEMPORARY;
	outcome.answer.note = "a note that is much too long for that field";
	memset(trouble, 't', sizeof(trouble));
	trouble[sizeof(trouble) - 1] = '\0';
	len = wire_make_answer(message, &outcome, trouble);
	ok(parse_answer(&back, message, len) && strlen(back.note) == sizeof(back.note) - 1 &&
		strncmp(back.note, outcome.answer.note, sizeof(back.note) - 1) == 0 &&
		strlen(back.trouble) == sizeof(back.trouble) - 1,
	    "texts that are too long are cut");
}

/* Is this outcome refused? */
static void
is_refused(const struct outcome *outcome, const char *name)
{
	struct wire_answer back;
	size_t len = wire_make_answer(message, outcome, NULL);

	ok(!parse_answer(&back, message, len), "not to be believed: %s", name);
}

static void
test_unsound(void)
{
	static const int not_no[] = {0, 200, 250, 251, 299, 300, 354, 400, 450, 499, 600, 650};
	static const int not_yes[] = {0, 199, 300, 354, 450, 500, 550, 599, 600};
	struct outcome outcome;
	char name[80];

	for (int i = 0; i < 2; i++) {
		enum finding no = i == 0 ? FINDING_UNKNOWN : FINDING_REFUSED;

		for (size_t j = 0; j < sizeof(not_no) / sizeof(not_no[0]); j++) {
			outcome = a_no();
			outcome.answer.finding = no;
			outcome.answer.code = not_no[j];
			snprintf(
			    name, sizeof(name), "%s with code %d", finding_name(no), not_no[j]);
			is_refused(&outcome, name);
		}
		outcome = a_no();
		outcome.answer.finding = no;
		outcome.host[0] = '\0';
		is_refused(&outcome, "a no of nobody");
		outcome = a_no();
		outcome.answer.finding = no;
		outcome.busy = true;
		is_refused(&outcome, "a no, and there was no room");
		outcome = a_no();
		outcome.answer.finding = no;
		outcome.remembered = true;
		is_refused(&outcome, "a no that was not asked for");
	}
	for (size_t j = 0; j < sizeof(not_yes) / sizeof(not_yes[0]); j++) {
		outcome = a_no();
		outcome.answer.finding = FINDING_EXISTS;
		outcome.answer.code = not_yes[j];
		snprintf(name, sizeof(name), "a yes with code %d", not_yes[j]);
		is_refused(&outcome, name);
	}
	outcome = a_no();
	outcome.answer.finding = FINDING_EXISTS;
	outcome.answer.code = 250;
	outcome.host[0] = '\0';
	is_refused(&outcome, "a yes of nobody");
	outcome = a_no();
	outcome.age = -2;
	is_refused(&outcome, "an age before now");
	outcome.age = INT64_MIN;
	is_refused(&outcome, "an age long before now");
	outcome_clear(&outcome);
	outcome.answer.code = 600;
	is_refused(&outcome, "a code above all");
	/* A "no" is said at RCPT, or it is that no server has SMTPUTF8. */
	for (int stage = SMTP_CONNECT; stage < SMTP_RCPT; stage++) {
		outcome = a_no();
		outcome.answer.stage = (enum smtp_stage)stage;
		snprintf(name, sizeof(name), "a no said to %s",
		    smtp_stage_name((enum smtp_stage)stage));
		is_refused(&outcome, name);
	}
	outcome = a_no();
	outcome.answer.stage = SMTP_EHLO;
	outcome.answer.lacks_utf8 = true;
	is_refused(&outcome, "unknown, as no server has SMTPUTF8");
}

/* Each byte in turn is each other byte. */
static void
test_bytes(void)
{
	struct outcome outcome = a_no();
	struct wire_answer back;
	size_t len = wire_make_answer(message, &outcome, "x"), bad = 0, read = 0;
	unsigned char changed[WIRE_SIZE_MAX], again[WIRE_SIZE_MAX];

	for (size_t i = 0; i < len; i++)
		for (int byte = 0; byte < 256; byte++) {
			memcpy(changed, message, len);
			changed[i] = (unsigned char)byte;
			if (!parse_answer(&back, changed, len))
				continue;
			read++;
			bad += i < 2 && changed[i] != message[i];
			bad += wire_make_answer(again, &back.outcome, back.trouble) != len ||
			    memcmp(again, changed, len) != 0;
		}
	ok(bad == 0, "what is read of a changed answer makes it again (%zu)", read);
	/* The texts begin behind 26 bytes of numbers; all but the first are behind others. */
	for (int byte = 0; byte < 256; byte++) {
		bool printable = byte >= ' ' && byte <= '~';

		for (size_t i = 0; i < len; i++) {
			if (strchr("5.1 nosucher92x", message[i]) == NULL || i < 23 ||
			    message[i] < ' ')
				continue;
			memcpy(changed, message, len);
			changed[i] = (unsigned char)byte;
			bad += parse_answer(&back, changed, len) != printable;
		}
	}
	ok(bad == 0, "and its texts are printable");
}

static void
test_kinds(void)
{
	static const enum wire_kind words[] = {WIRE_STATUS, WIRE_WAIT, WIRE_DIRECTLY};
	size_t bad = 0;

	for (size_t i = 0; i < 3; i++) {
		is_int((long long)wire_make_word(message, words[i]), 2, "a word has two bytes");
		ok(wire_kind(message, 2) == words[i] &&
			wire_kind(message, 1) == WIRE_NONSENSE &&
			wire_kind(message, 0) == WIRE_NONSENSE,
		    "'%c', and not less", (int)words[i]);
		message[2] = '\0';
		is_int(wire_kind(message, 3), WIRE_NONSENSE, "nor more");
		message[0]++;
		is_int(wire_kind(message, 2), WIRE_NONSENSE, "nor of another version");
	}
	for (int version = 0; version < 256; version++)
		for (int kind = 0; kind < 256; kind++) {
			unsigned char bytes[3] = {
			    (unsigned char)version, (unsigned char)kind, 0};
			bool known = kind != 0 && strchr("QSWDAT", kind) != NULL;
			bool open = kind != 0 && strchr("QAT", kind) != NULL;

			bad += (wire_kind(bytes, 2) != WIRE_NONSENSE) !=
			    (version == WIRE_VERSION && known);
			bad += (wire_kind(bytes, 3) != WIRE_NONSENSE) !=
			    (version == WIRE_VERSION && open);
		}
	is_int((long long)bad, 0, "there are no other kinds");
}

int
main(void)
{
	test_questions();
	test_answers();
	test_cut();
	test_unsound();
	test_bytes();
	test_kinds();
	return tap_done();
}
