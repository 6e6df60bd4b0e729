#include "relaypolicy.h"

#include <string.h>

#include "policyline.h"
#include "relayask.h"

static const char action_ok[] = "action=OK\n\n";
static const char action_none[] = "action=DUNNO\n\n";

/* The request so far. */
struct relaypolicy {
	struct policyline line;
	bool
	    garbage; /* one that makes no sense, is too long, or says again who the client is */
	bool policy; /* request=smtpd_access_policy */
	bool has_client;
	char client[PROTOCOL_CLIENT_SIZE];
};

static void
take_attribute(struct relaypolicy *policy, const char *line, size_t len)
{
	struct policyline_attribute attribute;

	if (!policyline_parse(&attribute, line, len)) {
		policy->garbage = true;
		return;
	}
	if (policyline_is(&attribute, "request")) {
		policy->policy =
		    bytes_match(attribute.value, attribute.value_len, "smtpd_access_policy");
	} else if (policyline_is(&attribute, "client_address")) {
		if (policy->has_client || attribute.value_len >= sizeof(policy->client))
			policy->garbage = true;
		else
			question_copy(policy->client, sizeof(policy->client), attribute.value,
			    attribute.value_len);
		policy->has_client = true;
	}
}

static void
end(struct relaypolicy *policy, struct input *input, struct answer *answer)
{
	if (policy->garbage)
		input->trouble = "a line without name=, or two clients";
	else if (!policy->policy)
		input->trouble = "not request=smtpd_access_policy";
	if (input->trouble == NULL && relayask(policy->client, strlen(policy->client)))
		answer_add(answer, action_ok);
	else
		answer_add(answer, action_none);
	memset(policy, 0, sizeof(*policy));
}

static enum taken
take(void *state, struct input *input, struct question *question, struct answer *answer)
{
	struct relaypolicy *policy = state;
	const char *line;
	size_t len;

	(void)question;
	for (;;) {
		switch (policyline_take(&policy->line, input, &line, &len)) {
		case POLICYLINE_NONE:
			return TAKEN_NOTHING;
		case POLICYLINE_WHOLE:
			take_attribute(policy, line, len);
			break;
		case POLICYLINE_CUT:
			/* Who the client is never makes a long line; others may. */
			break;
		case POLICYLINE_END:
			end(policy, input, answer);
			return TAKEN_MESSAGE;
		}
	}
}

/* There is no question of which the answer could come later. */
static void
tell(const struct question *question, const struct check *check, struct answer *answer)
{
	(void)question;
	(void)check;
	answer_add(answer, action_none);
}

const struct protocol relaypolicy_protocol = {
    .name = "relay",
    .ordered = true,
    .state_size = sizeof(struct relaypolicy),
    .take = take,
    .tell = tell,
};
