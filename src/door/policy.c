#include "policy.h"

#include <string.h>

#include "policyline.h"
#include "rcpt/verdict.h"

/* OK would skip what main.cf has behind us. */
static const char action_none[] = "action=DUNNO\n\n";
static const char action[] = "action=";

/* Postfix's own code for a recipient that cannot be verified now. */
static const char code_tempfail[] = "450";

/* The request so far: nothing but what we look at is kept of it. */
struct policy {
	struct policyline line;
	bool garbage;                                /* it has a line that is none */
	bool policy;                                 /* request=smtpd_access_policy */
	bool at_rcpt;                                /* protocol_state=RCPT */
	bool relay;                                  /* the client has logged in */
	bool asks;                                   /* it has a recipient */
	bool too_long;                               /* which does not fit */
	char address[PROTOCOL_CLIENT_SIZE], port[8]; /* of the server */
	struct question question;
};

static void
begin(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
}

static void
take_attribute(struct policy *policy, const char *line, size_t len)
{
	struct question *question = &policy->question;
	struct policyline_attribute attribute;

	if (!policyline_parse(&attribute, line, len)) {
		policy->garbage = true;
		return;
	}
	if (policyline_is(&attribute, "request")) {
		policy->policy =
		    bytes_match(attribute.value, attribute.value_len, "smtpd_access_policy");
	} else if (policyline_is(&attribute, "protocol_state")) {
		policy->at_rcpt = bytes_match(attribute.value, attribute.value_len, "RCPT");
	} else if (policyline_is(&attribute, "sasl_username")) {
		policy->relay = attribute.value_len > 0;
	} else if (policyline_is(&attribute, "recipient")) {
		policy->asks = true;
		policy->too_long =
		    !question_set_recipient(question, attribute.value, attribute.value_len);
	} else if (policyline_is(&attribute, "sender")) {
		question->has_sender = true;
		question_copy(question->sender, sizeof(question->sender), attribute.value,
		    attribute.value_len);
	} else if (policyline_is(&attribute, "client_address")) {
		question_copy(question->client, sizeof(question->client), attribute.value,
		    attribute.value_len);
	} else if (policyline_is(&attribute, "server_address")) {
		question_copy(policy->address, sizeof(policy->address), attribute.value,
		    attribute.value_len);
	} else if (policyline_is(&attribute, "server_port")) {
		question_copy(
		    policy->port, sizeof(policy->port), attribute.value, attribute.value_len);
	}
}

/* The request is whole. */
static enum taken
end(struct policy *policy, struct input *input, struct question *question,
    struct answer *answer)
{
	enum taken taken = TAKEN_MESSAGE;

	if (policy->garbage)
		input->trouble = "a line without name=";
	else if (policy->too_long)
		input->trouble = "a recipient longer than any can be";
	else if (!policy->policy)
		input->trouble = "not request=smtpd_access_policy";
	else if (policy->at_rcpt && !policy->asks)
		input->trouble = "no recipient";
	else if (policy->at_rcpt && !policy->relay)
		taken = TAKEN_QUESTION;
	if (taken == TAKEN_QUESTION) {
		question_set_self(&policy->question, policy->address, strlen(policy->address),
		    policy->port, strlen(policy->port));
		*question = policy->question;
	} else {
		answer_add(answer, action_none);
	}
	begin(policy);
	return taken;
}

static enum taken
take(void *state, struct input *input, struct question *question, struct answer *answer)
{
	struct policy *policy = state;
	const char *line;
	size_t len;

	for (;;) {
		switch (policyline_take(&policy->line, input, &line, &len)) {
		case POLICYLINE_NONE:
			return TAKEN_NOTHING;
		case POLICYLINE_WHOLE:
		case POLICYLINE_CUT:
			take_attribute(policy, line, len);
			break;
		case POLICYLINE_END:
			return end(policy, input, question, answer);
		}
	}
}

static void
tell(const struct question *question, const struct check *check, struct answer *answer)
{
	const char *reply = verdict_reply(check->verdict);

	(void)question;
	if (check->verdict == VERDICT_ACCEPT) {
		answer_add(answer, action_none);
		return;
	}
	answer_add(answer, action);
	if (check->verdict == VERDICT_TEMPFAIL) {
		answer_add(answer, code_tempfail);
		reply += sizeof(code_tempfail) - 1;
	}
	answer_add(answer, reply);
	answer_add(answer, "\n\n");
}

const struct protocol policy_protocol = {
    .name = "policy",
    .ordered = true,
    .state_size = sizeof(struct policy),
    .take = take,
    .tell = tell,
};
