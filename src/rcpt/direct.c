#include "direct.h"

/* Returns false when there is nothing to do but to wait. */
static bool
ask(struct direct *direct)
{
	struct callout *callout = &direct->probe.callout;
	struct talk *talk = &direct->talk;

	if (!direct->talking) {
		direct->talking = true;
		talk_start(talk, &callout->record->servers[callout->number], &callout->question,
		    &direct->terms);
	}
	talk_step(talk);
	if (!talk->done && talk->slow) {
		talk->slow = false;
		if (!callout_slow(callout, talk->dialogue.smtp.stage >= SMTP_RSET))
			talk_stop(talk, "down");
	}
	if (!talk->done)
		return false;
	direct->talking = false;
	callout_take(callout, &talk->dialogue.inquiry, talk->timed_out);
	return true;
}

void
direct_step(struct direct *direct)
{
	struct probe *probe = &direct->probe;

	while (!probe->done) {
		if (probe->callout.done)
			(void)probe_settle(direct->checker, &probe, 1, false);
		else if (!ask(direct))
			return;
	}
}

void
direct_start(struct direct *direct, struct checker *checker, const struct probe_target *target,
    int64_t deadline)
{
	const struct settings *settings = &target->record->settings;

	direct->checker = checker;
	direct->terms.helo = settings->helo;
	direct->terms.connect_timeout = settings->connect_timeout;
	direct->terms.command_timeout = settings->command_timeout;
	direct->terms.deadline = deadline;
	direct->terms.watch = checker->watch;
	direct->terms.watch_context = checker->watch_context;
	direct->talk.fd = -1;
	direct->talking = false;
	probe_start(&direct->probe, checker, target, deadline);
	direct_step(direct);
}

void
direct_stop(struct direct *direct)
{
	if (direct->talking)
		talk_stop(&direct->talk, "stopped");
	direct->talking = false;
	callout_stop(&direct->probe.callout);
	direct->probe.done = true;
}
