#include "explain.h"

#include <stdio.h>
#include <string.h>

#include "base/deadline.h"

static const char *const control_names[] = {
    [CONTROL_ACCEPTED] = "accepted",
    [CONTROL_REFUSED] = "refused",
    [CONTROL_FAILED] = "failed",
};

const char *
explain_control(enum inquiry_control control)
{
	return control_names[control];
}

void
explain_reply(char *text, size_t size, const struct check *check)
{
	text[0] = '\0';
	if (check->asked && check->outcome.answer.code != 0)
		snprintf(text, size, "%d %s", check->outcome.answer.code,
		    check->outcome.answer.text);
}

/* What check_user said of a list, for those who look for its words. */
static void
explain_local(struct line *line, const struct check *check, const char *address, size_t len)
{
	bool known = check->verdict == VERDICT_ACCEPT;
	char text[LINE_SIZE / 4];

	if (check->note != NULL || strcmp(check->why, "local") != 0)
		return;
	snprintf(text, sizeof(text), "%s '%.*s'%s", known ? "Local address" : "Address",
	    len > 320 ? 320 : (int)len, address, known ? "" : " doesn't exist on this server");
	line_pair(line, "note", text);
}

void
explain_line(struct line *line, const struct check *check, const char *address, size_t len,
    const struct explain_context *context)
{
	char reply[sizeof(check->outcome.answer.text) + 8];

	line_start(line);
	line_add(line, "rcptcheck:");
	line_pair_bytes(line, "address", address, len);
	line_pair(line, "verdict", verdict_name(check->verdict));
	line_pair(line, "why", check->why);
	if (check->record.main_name[0] != '\0')
		line_pair(line, "alias_of", check->record.main_name);
	if (check->asked) {
		explain_reply(reply, sizeof(reply), check);
		if (check->outcome.host[0] != '\0')
			line_pair(line, "host", check->outcome.host);
		if (reply[0] != '\0')
			line_pair(line, "reply", reply);
		else if (check->outcome.answer.text[0] != '\0')
			line_pair(line, "reason", check->outcome.answer.text);
		line_pair(line, "class", finding_name(check->finding));
		if (!finding_is_verdict(check->finding))
			line_pair(line, "stage", smtp_stage_name(check->outcome.answer.stage));
		if (check->outcome.age != -1)
			line_pair_number(line, "age", check->outcome.age);
	}
	if (check->outcome.control != CONTROL_NOT_ASKED)
		line_pair(line, "control", control_names[check->outcome.control]);
	if (check->note != NULL)
		line_pair(line, "note", check->note);
	explain_local(line, check, address, len);
	if (check->alarm != NULL)
		line_pair(line, "alarm", check->alarm);
	if (check->rechecked)
		line_pair(line, "recheck", "failed");
	if (check->cache != NULL)
		line_pair(line, "cache", check->cache);
	if (check->cdb != NULL)
		line_pair(line, "cdb", check->cdb);
	if (check->probe != NULL)
		line_pair(line, "probe", check->probe);
	if (context->client != NULL)
		line_pair(line, "client", context->client);
	if (context->sender != NULL)
		line_pair(line, "sender", context->sender);
	line_pair_number(line, "ms", deadline_now() - check->started);
}

bool
explain_wanted(const struct check *check, enum settings_log level)
{
	bool trouble = check->verdict == VERDICT_TEMPFAIL || check->cache != NULL ||
	    check->cdb != NULL || check->probe != NULL ||
	    (check->asked && !finding_is_verdict(check->finding)) || check->rechecked ||
	    check->spared;

	switch (level) {
	case LOG_LEVEL_ALL:
		return true;
	case LOG_LEVEL_REJECT:
		return trouble || check->verdict == VERDICT_REJECT || check->note != NULL;
	case LOG_LEVEL_TROUBLE:
		break;
	}
	return trouble;
}
