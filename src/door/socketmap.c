#include "socketmap.h"

#include <stdio.h>
#include <string.h>

#include "mailbox.h"
#include "rcpt/verdict.h"
#include "relayask.h"

#define LENGTH_MAX 100000 /* of a request, says socketmap_table(5) */
#define DIGITS_MAX 6

static const char reply_accept[] = "OK accept";
static const char reply_dunno[] = "OK DUNNO";
static const char reply_none[] = "NOTFOUND ";
static const char reply_relay[] = "OK OK";
static const char reply_temp[] = "TEMP ";
static const char reply_no_map[] = "PERM there are no maps but rcpt, access and relay";
static const char reply_too_long[] = "PERM that is longer than any address";
static const char reply_not_whole[] = "PERM a request is a map, a blank and a key";

/* Postfix's own code for a recipient that cannot be verified now. */
static const char code_tempfail[] = "450";

enum map { MAP_RCPT, MAP_ACCESS };

struct socketmap {
	size_t skipping; /* bytes of a request that was too long, with its comma */
};

static void
say(struct answer *answer, const char *text, const char *more)
{
	char length[24];

	snprintf(length, sizeof(length), "%zu:", strlen(text) + strlen(more));
	answer_add(answer, length);
	answer_add(answer, text);
	answer_add(answer, more);
	answer_add(answer, ",");
}

/*
 * The length in front of a netstring, and in *used how many bytes that is, with the colon. Returns 1,
 * 0 when it is not whole yet, -1 when there is none.
 */
static int
take_length(const char *bytes, size_t len, size_t *length, size_t *used)
{
	size_t i;

	*length = 0;
	for (i = 0; i < len && i < DIGITS_MAX && bytes[i] >= '0' && bytes[i] <= '9'; i++)
		*length = *length * 10 + (size_t)(bytes[i] - '0');
	if (i == len)
		return 0;
	*used = i + 1;
	return i > 0 && bytes[i] == ':' && *length <= LENGTH_MAX ? 1 : -1;
}

/*
 * Postfix also asks for parts of an address: "domain", "@domain", "user@". None of them is a
 * recipient.
 */
static bool
is_whole(const char *key, size_t len)
{
	const char *at = memrchr(key, '@', len);

	return at != NULL && at != key && at != key + len - 1;
}

static enum taken
take_request(const char *bytes, size_t len, struct input *input, struct question *question,
    struct answer *answer)
{
	const char *blank = memchr(bytes, ' ', len), *key;
	size_t key_len;

	if (blank == NULL) {
		input->trouble = "a request without a key";
		say(answer, reply_not_whole, "");
		return TAKEN_MESSAGE;
	}
	key = blank + 1;
	key_len = len - (size_t)(key - bytes);
	question_clear(question);
	if (bytes_match(bytes, (size_t)(blank - bytes), "rcpt")) {
		question->kind = MAP_RCPT;
	} else if (bytes_match(bytes, (size_t)(blank - bytes), "access")) {
		question->kind = MAP_ACCESS;
	} else if (bytes_match(bytes, (size_t)(blank - bytes), "relay")) {
		say(answer, relayask(key, key_len) ? reply_relay : reply_none, "");
		return TAKEN_MESSAGE;
	} else {
		input->trouble = "there is no such map";
		input->shown = bytes;
		input->shown_len = (size_t)(blank - bytes);
		say(answer, reply_no_map, "");
		return TAKEN_MESSAGE;
	}
	if (key_len == 0 || !is_whole(key, key_len)) {
		say(answer, reply_none, "");
		return TAKEN_MESSAGE;
	}
	if (!question_set_recipient(question, key, key_len)) {
		input->trouble = "a key longer than any address";
		say(answer, reply_too_long, "");
		return TAKEN_MESSAGE;
	}
	/* With quotes first; what can't be read so is the second try, without. */
	(void)mailbox_unquote(question->recipient, &question->recipient_len);
	return TAKEN_QUESTION;
}

/* Goes on over a request that is too long. False: it is not at its end yet, or that is no end. */
static bool
skip(struct socketmap *state, struct input *input)
{
	size_t left = input->len - input->used;
	size_t len = state->skipping < left ? state->skipping : left;

	input->used += len;
	state->skipping -= len;
	return state->skipping == 0 && input->bytes[input->used - 1] == ',';
}

static enum taken
garbage(struct input *input)
{
	input->trouble = "not a netstring";
	input->shown = input->bytes + input->used;
	input->shown_len = input->len - input->used;
	return TAKEN_GARBAGE;
}

static enum taken
take(void *memory, struct input *input, struct question *question, struct answer *answer)
{
	struct socketmap *state = memory;
	const char *bytes;
	size_t left, length, prefix;

	if (state->skipping > 0) {
		if (!skip(state, input))
			return state->skipping > 0 ? TAKEN_NOTHING : garbage(input);
		input->trouble = "a request longer than any address";
		say(answer, reply_too_long, "");
		return TAKEN_MESSAGE;
	}
	bytes = input->bytes + input->used;
	left = input->len - input->used;
	switch (take_length(bytes, left, &length, &prefix)) {
	case 0:
		return TAKEN_NOTHING;
	case -1:
		return garbage(input);
	}
	if (length > PROTOCOL_LINE_MAX) {
		input->used += prefix;
		state->skipping = length + 1;
		return take(memory, input, question, answer);
	}
	if (left < prefix + length + 1)
		return TAKEN_NOTHING;
	if (bytes[prefix + length] != ',')
		return garbage(input);
	input->used += prefix + length + 1;
	return take_request(bytes + prefix, length, input, question, answer);
}

static void
tell_access(const struct check *check, struct answer *answer)
{
	const char *reply = verdict_reply(check->verdict);
	char temporary[sizeof(answer->bytes) / 2];

	switch (check->verdict) {
	case VERDICT_ACCEPT:
		/* OK would skip what main.cf has behind us; DUNNO spares the parts of the address. */
		say(answer, strcmp(check->why, "foreign") == 0 ? reply_none : reply_dunno, "");
		return;
	case VERDICT_REJECT:
		say(answer, "OK ", reply);
		return;
	case VERDICT_TEMPFAIL:
		break;
	}
	snprintf(temporary, sizeof(temporary), "%s%s", code_tempfail,
	    reply + sizeof(code_tempfail) - 1);
	say(answer, "OK ", temporary);
}

static void
tell(const struct question *question, const struct check *check, struct answer *answer)
{
	if (question->kind == MAP_ACCESS) {
		tell_access(check, answer);
		return;
	}
	switch (check->verdict) {
	case VERDICT_ACCEPT:
		say(answer, reply_accept, "");
		return;
	case VERDICT_REJECT:
		say(answer, reply_none, "");
		return;
	case VERDICT_TEMPFAIL:
		break;
	}
	/* The words without their code, which is Postfix's here. */
	say(answer, reply_temp, verdict_reply(VERDICT_TEMPFAIL) + sizeof(code_tempfail));
}

const struct protocol socketmap_protocol = {
    .name = "socketmap",
    .ordered = true,
    .state_size = sizeof(struct socketmap),
    .take = take,
    .tell = tell,
};
