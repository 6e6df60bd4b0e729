#include "cvm.h"

#include <string.h>

#include "rcpt/verdict.h"

#define PACKET_MAX 512
#define VERSION    2

/* What a request can name. */
#define ASKS_ACCOUNT 1
#define ASKS_DOMAIN  2
#define ASKS_SECRET  4 /* of who may look users up */

/*
 * The fact 16, "1": this is not ours to say. Next, those of a user. Nobody delivers by them: the
 * least that there is.
 */
static const char fact_out_of_scope[] = {16, 1, '1'};
static const char facts_of_user[] = {
    2, 5, '6', '5', '5', '3', '4', 3, 5, '6', '5', '5', '3', '4', 5, 1, '/'};
#define FACT_NAME 1

struct cvm {
	bool done, too_long;
};

struct request {
	const unsigned char *random, *account, *domain;
	size_t random_len, account_len, domain_len;
	bool secret; /* it has a password or the like: somebody wants to log in */
};

static bool
parse(struct request *request, const unsigned char *bytes, size_t len)
{
	size_t i = 2;

	memset(request, 0, sizeof(*request));
	if (len < 3 || bytes[0] != VERSION)
		return false;
	request->random = bytes + i;
	request->random_len = bytes[1];
	i += request->random_len;
	while (i < len && bytes[i] != 0) {
		const unsigned char *fact = bytes + i;

		if (len - i < 2 || len - i - 2 < fact[1])
			return false;
		if (fact[0] == ASKS_ACCOUNT) {
			request->account = fact + 2;
			request->account_len = fact[1];
		} else if (fact[0] == ASKS_DOMAIN) {
			request->domain = fact + 2;
			request->domain_len = fact[1];
		} else if (fact[0] != ASKS_SECRET) {
			request->secret = true;
		}
		i += 2 + (size_t)fact[1];
	}
	/* The end mark, and nothing behind it. */
	return i == len - 1 && request->account != NULL;
}

static void
begin_answer(struct answer *answer, enum verdict verdict, const char *random, size_t random_len)
{
	const char head[] = {(char)verdict_exit_code(verdict), (char)random_len};

	(void)answer_add_bytes(answer, head, sizeof(head));
	(void)answer_add_bytes(answer, random, random_len);
	answer->verdict = verdict;
}

static void
end_answer(struct answer *answer)
{
	(void)answer_add_bytes(answer, "", 1);
}

static void
say_out_of_scope(struct answer *answer, const char *random, size_t random_len)
{
	begin_answer(answer, VERDICT_REJECT, random, random_len);
	(void)answer_add_bytes(answer, fact_out_of_scope, sizeof(fact_out_of_scope));
	end_answer(answer);
}

/* The random bytes are kept as the token, with their number in front. */
static enum taken
take_request(const struct request *request, struct question *question, struct answer *answer)
{
	question_clear(question);
	question->token[0] = (char)request->random_len;
	memcpy(question->token + 1, request->random, request->random_len);
	memcpy(question->recipient, request->account, request->account_len);
	question->recipient[request->account_len] = '@';
	if (request->domain_len > 0)
		memcpy(question->recipient + request->account_len + 1, request->domain,
		    request->domain_len);
	question->recipient_len = request->account_len + 1 + request->domain_len;
	if (request->domain_len > 0 && !request->secret)
		return TAKEN_QUESTION;
	/* Nobody's domain; or a log-in, for which we are no proof. */
	say_out_of_scope(answer, question->token + 1, request->random_len);
	return TAKEN_MESSAGE;
}

static enum taken
take(void *memory, struct input *input, struct question *question, struct answer *answer)
{
	struct cvm *state = memory;
	struct request request;

	if (state->done || !input->ended) {
		state->too_long = state->too_long || input->len > PACKET_MAX;
		if (state->too_long || state->done)
			input->used = input->len;
		return TAKEN_NOTHING;
	}
	state->done = true;
	input->used = input->len;
	if (input->len == 0 && !state->too_long) {
		input->trouble = "no request";
		return TAKEN_GARBAGE;
	}
	if (!state->too_long && input->len <= PACKET_MAX &&
	    parse(&request, (const unsigned char *)input->bytes, input->len) &&
	    request.random_len < sizeof(question->token)) {
		if (request.secret)
			input->trouble = "a password: this program logs nobody in";
		return take_request(&request, question, answer);
	}
	input->trouble = "not a request of CVM";
	begin_answer(answer, VERDICT_TEMPFAIL, "", 0);
	end_answer(answer);
	return TAKEN_MESSAGE;
}

static void
tell(const struct question *question, const struct check *check, struct answer *answer)
{
	const char *random = question->token + 1, *at;
	size_t random_len = (unsigned char)question->token[0];
	char fact[2] = {FACT_NAME};

	/* Where others decide, and where mailfront knows better. */
	if (check->verdict == VERDICT_ACCEPT &&
	    (strcmp(check->why, "foreign") == 0 || strcmp(check->why, "no-domain") == 0 ||
		strcmp(check->why, "relay") == 0)) {
		say_out_of_scope(answer, random, random_len);
		return;
	}
	begin_answer(answer, check->verdict, random, random_len);
	if (check->verdict == VERDICT_ACCEPT) {
		at = memrchr(question->recipient, '@', question->recipient_len);
		fact[1] = (char)(at != NULL ? at - question->recipient : 0);
		(void)answer_add_bytes(answer, fact, sizeof(fact));
		(void)answer_add_bytes(answer, question->recipient, (unsigned char)fact[1]);
		(void)answer_add_bytes(answer, facts_of_user, sizeof(facts_of_user));
	}
	end_answer(answer);
}

const struct protocol cvm_protocol = {
    .name = "cvm",
    .ordered = true,
    .state_size = sizeof(struct cvm),
    .take = take,
    .tell = tell,
};
