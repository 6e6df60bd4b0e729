#include "outcome.h"

#include <stdio.h>
#include <string.h>

void
outcome_clear(struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	outcome->answer.note = "no-server";
	outcome->age = -1;
}

void
outcome_recall(struct outcome *outcome, const struct cache_entry *entry, int64_t now)
{
	struct smtp_answer *answer = &outcome->answer;

	outcome->age = now - entry->probed;
	answer->finding = entry->finding;
	answer->note = NULL;
	answer->lacks_utf8 = false;
	answer->stage = SMTP_RCPT;
	answer->code = entry->code;
	snprintf(answer->enhanced, sizeof(answer->enhanced), "%s", entry->enhanced);
	snprintf(answer->text, sizeof(answer->text), "%s", entry->text);
	snprintf(outcome->host, sizeof(outcome->host), "%s", entry->host);
}

bool
outcome_is_unproven(const struct outcome *outcome)
{
	return outcome->broken && finding_is_no(outcome->answer.finding) &&
	    outcome->answer.stage == SMTP_RCPT && outcome->control != CONTROL_ACCEPTED;
}
