#include "dialogue.h"

void
dialogue_prepare(struct dialogue *dialogue, const struct inquiry_question *question)
{
	static const struct smtp_terms terms = {.helo = ""};

	smtp_start(&dialogue->smtp, &terms);
	dialogue->smtp.stage = SMTP_CONNECT;
	inquiry_start(&dialogue->inquiry, question);
}

void
dialogue_start(struct dialogue *dialogue, const struct smtp_terms *terms)
{
	smtp_start(&dialogue->smtp, terms);
}

/* As far as it goes without another reply. */
static void
go_on(struct dialogue *dialogue)
{
	struct smtp *smtp = &dialogue->smtp;
	struct inquiry *inquiry = &dialogue->inquiry;

	if (inquiry->done || smtp->state == SMTP_OPENING || smtp->state == SMTP_ASKING)
		return;
	if (smtp->asked > 0)
		inquiry_take(inquiry, smtp->state == SMTP_READY);
	else if (smtp->state == SMTP_CLOSED)
		inquiry->ask.answer = smtp->answer;
	if (smtp->asked == 0 && (smtp->state == SMTP_CLOSED || smtp_lacks(smtp, &inquiry->ask)))
		inquiry_take(inquiry, false);
	if (inquiry->done)
		smtp_quit(smtp);
	else
		smtp_ask(smtp, &inquiry->ask, 1);
}

void
dialogue_input(struct dialogue *dialogue, const char *bytes, size_t len)
{
	smtp_input(&dialogue->smtp, bytes, len);
	go_on(dialogue);
}

void
dialogue_lost(struct dialogue *dialogue, const char *note)
{
	if (dialogue->inquiry.done)
		return;
	smtp_lost(&dialogue->smtp, note);
	go_on(dialogue);
}
