#include "inquiry.h"

#include <string.h>
#include <strings.h>

bool
inquiry_is_role(const char *path)
{
	static const char *const roles[] = {"abuse@", "hostmaster@", "mailer-daemon@", "noc@",
	    "postmaster@", "security@", "webmaster@"};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strncasecmp(path, roles[i], strlen(roles[i])) == 0)
			return true;
	return false;
}

void
inquiry_start(struct inquiry *inquiry, const struct inquiry_question *question)
{
	inquiry->question = question;
	inquiry->done = false;
	inquiry->step = INQUIRY_ADDRESS;
	inquiry->control = CONTROL_NOT_ASKED;
	inquiry->catch_all = CATCH_ALL_NOT_ASKED;
	inquiry->ask.sender = "";
	inquiry->ask.path = question->path;
	inquiry->ask.needs_utf8 = question->needs_utf8;
	inquiry->ask.joins = false;
}

/* Asks on, about another mailbox or from another sender. */
static void
ask_on(struct inquiry *inquiry, enum inquiry_step step, const char *sender, const char *path)
{
	inquiry->step = step;
	inquiry->ask.sender = sender;
	inquiry->ask.path = path;
	inquiry->ask.needs_utf8 =
	    path == inquiry->question->path && inquiry->question->needs_utf8;
}

/* The answer stays as it was given, for the log, but means something else. */
static void
reinterpret(struct inquiry *inquiry, enum finding finding, const char *note)
{
	inquiry->answer.finding = finding;
	inquiry->answer.note = note;
}

static void
note_control(struct inquiry *inquiry, enum inquiry_control control)
{
	inquiry->control = control;
	switch (control) {
	case CONTROL_ACCEPTED:
		/* It was about the user, whatever it said; unless the control is exempt from it. */
		if (inquiry->answer.finding != FINDING_AMBIGUOUS)
			break;
		if (inquiry->answer.may_be_policy &&
		    inquiry_is_role(inquiry->question->control))
			inquiry->answer.finding = FINDING_POLICY;
		else
			inquiry->answer.finding = FINDING_UNKNOWN;
		break;
	case CONTROL_REFUSED:
		reinterpret(inquiry, FINDING_POLICY, NULL);
		break;
	case CONTROL_FAILED:
	case CONTROL_NOT_ASKED:
		reinterpret(inquiry, FINDING_TEMPORARY, NULL);
		break;
	}
	inquiry->done = true;
}

/* The answer about the address stands, as far as it goes: is there more to ask? */
static void
go_on(struct inquiry *inquiry, bool open)
{
	const struct inquiry_question *question = inquiry->question;
	enum finding finding = inquiry->answer.finding;

	if (finding == FINDING_EXISTS && question->nobody[0] != '\0') {
		if (open) {
			ask_on(
			    inquiry, INQUIRY_CATCH_ALL, inquiry->ask.sender, question->nobody);
			return;
		}
		inquiry->catch_all = CATCH_ALL_UNCLEAR;
	} else if (question->control[0] != '\0' &&
	    (finding == FINDING_AMBIGUOUS || (finding_is_no(finding) && question->doubt))) {
		if (strcmp(question->control, question->path) == 0)
			note_control(inquiry, CONTROL_REFUSED); /* just now */
		else if (open)
			ask_on(
			    inquiry, INQUIRY_CONTROL, inquiry->ask.sender, question->control);
		else
			note_control(inquiry, CONTROL_FAILED);
		return;
	}
	inquiry->done = true;
}

static void
take_address(struct inquiry *inquiry, bool open)
{
	const char *sender = inquiry->question->confirm_sender;
	enum finding finding;

	inquiry->answer = inquiry->ask.answer;
	finding = inquiry->answer.finding;
	if (inquiry->answer.stage < SMTP_RSET) {
		inquiry->done =
		    true; /* nothing was asked that a second question could change */
	} else if (sender[0] == '\0' || finding == FINDING_EXISTS ||
	    finding == FINDING_TEMPORARY) {
		go_on(inquiry, open);
	} else if (open) {
		ask_on(inquiry, INQUIRY_CONFIRM, sender, inquiry->question->path);
	} else {
		if (finding != FINDING_POLICY)
			reinterpret(inquiry, FINDING_TEMPORARY, "unconfirmed");
		inquiry->done = true;
	}
}

static void
take_confirmation(struct inquiry *inquiry, bool open)
{
	const struct smtp_answer *answer = &inquiry->ask.answer;

	if (answer->stage == SMTP_RCPT && answer->code != 0) {
		inquiry->answer = *answer;
		if (answer->finding == FINDING_EXISTS)
			inquiry->answer.note = "null-sender-refused";
		go_on(inquiry, open);
		return;
	}
	/* The sender was refused, or the connection is lost: the first "no" is not confirmed. */
	if (inquiry->answer.finding != FINDING_POLICY)
		reinterpret(inquiry, answer->finding, "unconfirmed");
	inquiry->done = true;
}

void
inquiry_take(struct inquiry *inquiry, bool open)
{
	const struct smtp_answer *answer = &inquiry->ask.answer;

	switch (inquiry->step) {
	case INQUIRY_ADDRESS:
		take_address(inquiry, open);
		return;
	case INQUIRY_CONFIRM:
		take_confirmation(inquiry, open);
		return;
	case INQUIRY_CONTROL:
		if (answer->finding == FINDING_EXISTS)
			note_control(inquiry, CONTROL_ACCEPTED);
		else if (answer->finding == FINDING_TEMPORARY || answer->stage != SMTP_RCPT)
			note_control(inquiry, CONTROL_FAILED); /* it was not asked about */
		else
			note_control(inquiry, CONTROL_REFUSED);
		return;
	case INQUIRY_CATCH_ALL:
		inquiry->catch_all = answer->finding == FINDING_EXISTS ? CATCH_ALL_YES
		    : finding_is_no(answer->finding)                   ? CATCH_ALL_NO
								       : CATCH_ALL_UNCLEAR;
		inquiry->done = true;
		return;
	}
}
