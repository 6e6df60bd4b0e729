#include "run.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

void
run_start(
    struct run *run, const struct run_options *options, const char *state, const char *cdb)
{
	memset(run, 0, sizeof(*run));
	run->options = options;
	state_load(&run->old, state);
	state_look(&run->next, options->database, cdb);
}

bool
run_is_wanted(const struct run *run)
{
	const struct run_options *options = run->options;

	if (options->feed != NULL || options->check || options->force)
		return true;
	return run->old.said != 0 &&
	    (options->watched || state_must_say(&run->old, run->old.said, options->now));
}

void
run_say(struct run *run)
{
	const struct run_options *options = run->options;

	run->next.said = run->report.digest;
	run->next.said_at = run->old.said_at;
	if (!options->watched && !state_must_say(&run->old, run->report.digest, options->now))
		return;
	report_print(&run->report, stderr);
	run->next.said_at = (uint64_t)options->now;
}

void
run_reject(struct run *run)
{
	run_say(run);
	if (run->options->feed != NULL)
		warnx("the list is not stored: what is bad, there or elsewhere, stands above");
	run->old.said = run->next.said;
	run->old.said_at = run->next.said_at;
	memset(&run->old.database, 0, sizeof(run->old.database));
}
