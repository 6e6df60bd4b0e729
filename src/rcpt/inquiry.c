#include "inquiry.h"

#include <string.h>

void
inquiry_start(struct inquiry *inquiry, const struct inquiry_question *question,
    const char *own_ip, bool guard_loop)
{
	inquiry->question = question;
	inquiry->done = false;
	inquiry->step = INQUIRY_ADDRESS;
	inquiry->control = CONTROL_NOT_ASKED;
	inquiry->catch_all = CATCH_ALL_NOT_ASKED;
	inquiry->asked.helo = question->helo;
	inquiry->asked.sender = "";
	inquiry->asked.path = question->path;
	inquiry->asked.needs_utf8 = question->needs_utf8;
	smtp_start(&inquiry->smtp, &inquiry->asked, own_ip, guard_loop);
	inquiry->smtp.hold = true;
}

static void
conclude(struct inquiry *inquiry)
{
	inquiry->done = true;
	smtp_quit(&inquiry->smtp);
}

/* Asks on, about another mailbox or from another sender. False if the server lets us not. */
static bool
ask_on(struct inquiry *inquiry, enum inquiry_step step, const char *sender, const char *path)
{
	if (!inquiry->smtp.open)
		return false;
	inquiry->step = step;
	inquiry->asked.sender = sender;
	inquiry->asked.path = path;
	inquiry->asked.needs_utf8 =
	    path == inquiry->question->path && inquiry->question->needs_utf8;
	smtp_again(&inquiry->smtp, &inquiry->asked);
	return true;
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
		/* It was about the user, whatever it said. */
		if (inquiry->answer.finding == FINDING_AMBIGUOUS)
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
	conclude(inquiry);
}

/* The answer about the address stands, as far as it goes: is there more to ask? */
static void
go_on(struct inquiry *inquiry)
{
	const struct inquiry_question *question = inquiry->question;
	enum finding finding = inquiry->answer.finding;

	if (finding == FINDING_EXISTS && question->nobody[0] != '\0') {
		if (ask_on(inquiry, INQUIRY_CATCH_ALL, inquiry->asked.sender, question->nobody))
			return;
		inquiry->catch_all = CATCH_ALL_UNCLEAR;
	} else if (question->control[0] != '\0' &&
	    (finding == FINDING_AMBIGUOUS || (finding_is_no(finding) && question->doubt))) {
		if (strcmp(question->control, question->path) == 0)
			note_control(inquiry, CONTROL_REFUSED); /* just now */
		else if (!ask_on(inquiry, INQUIRY_CONTROL, inquiry->asked.sender,
			     question->control))
			note_control(inquiry, CONTROL_FAILED);
		return;
	}
	conclude(inquiry);
}

static void
take_address(struct inquiry *inquiry)
{
	const char *sender = inquiry->question->confirm_sender;
	enum finding finding;

	inquiry->answer = inquiry->smtp.answer;
	finding = inquiry->answer.finding;
	if (sender[0] == '\0' || finding == FINDING_EXISTS || finding == FINDING_TEMPORARY) {
		go_on(inquiry);
		return;
	}
	if (ask_on(inquiry, INQUIRY_CONFIRM, sender, inquiry->question->path))
		return;
	if (finding != FINDING_POLICY)
		reinterpret(inquiry, FINDING_TEMPORARY, "unconfirmed");
	conclude(inquiry);
}

static void
take_confirmation(struct inquiry *inquiry)
{
	const struct smtp_answer *answer = &inquiry->smtp.answer;

	if (answer->stage == SMTP_RCPT && answer->code != 0) {
		inquiry->answer = *answer;
		if (answer->finding == FINDING_EXISTS)
			inquiry->answer.note = "null-sender-refused";
		go_on(inquiry);
		return;
	}
	/* The sender was refused, or the connection is lost: the first "no" is not confirmed. */
	if (inquiry->answer.finding != FINDING_POLICY)
		reinterpret(inquiry, answer->finding, "unconfirmed");
	conclude(inquiry);
}

static void
take_answer(struct inquiry *inquiry)
{
	enum finding finding = inquiry->smtp.answer.finding;

	switch (inquiry->step) {
	case INQUIRY_ADDRESS:
		take_address(inquiry);
		return;
	case INQUIRY_CONFIRM:
		take_confirmation(inquiry);
		return;
	case INQUIRY_CONTROL:
		if (finding == FINDING_EXISTS)
			note_control(inquiry, CONTROL_ACCEPTED);
		else if (finding == FINDING_TEMPORARY ||
		    inquiry->smtp.answer.stage != SMTP_RCPT)
			note_control(inquiry, CONTROL_FAILED); /* it was not asked about */
		else
			note_control(inquiry, CONTROL_REFUSED);
		return;
	case INQUIRY_CATCH_ALL:
		inquiry->catch_all = finding == FINDING_EXISTS ? CATCH_ALL_YES
		    : finding_is_no(finding)                   ? CATCH_ALL_NO
							       : CATCH_ALL_UNCLEAR;
		conclude(inquiry);
		return;
	}
}

void
inquiry_input(struct inquiry *inquiry, const char *bytes, size_t len)
{
	smtp_input(&inquiry->smtp, bytes, len);
	if (inquiry->smtp.done)
		take_answer(inquiry);
}

void
inquiry_lost(struct inquiry *inquiry, const char *note)
{
	if (inquiry->done)
		return;
	smtp_lost(&inquiry->smtp, note);
	take_answer(inquiry);
}
