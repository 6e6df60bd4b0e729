#include "statusruns.h"

#include <poll.h>
#include <sys/stat.h>

#include "home.h"
#include "rcpt/verdict.h"
#include "state.h"
#include "statuslists.h"

#define GRACE     300  /* seconds: cron has had its chance */
#define SAVE_TIME 1000 /* ms: rcptbuild has saved its state */

static void
tell_failed(struct status *status, const struct state *state)
{
	struct line line;

	line_start(&line);
	line_add(&line, "rcptbuild has failed since ");
	status_add_time(&line, (int64_t)state->failed_since);
	line_add(&line, " with exit code ");
	line_add_number(&line, (int64_t)state->failed_code);
	line_add(&line, state->failed_code == EXIT_REJECT ? " (bad rows)" : " (trouble)");
	line_add(&line, ", and what was compiled before stays in use: see rcptbuild -n");
	status_add(status, STATUS_WARNING, &line);
}

static void
tell_late(struct status *status, const char *what, int64_t since)
{
	struct line line;

	line_start(&line);
	line_add(&line, what);
	status_add_time(&line, since);
	line_add(&line, ": does cron run it?");
	status_add(status, STATUS_WARNING, &line);
}

/* Where nothing is known of the last run, the CDB may be older than what it was made of. */
static void
tell_no_state(struct status *status, int64_t now)
{
	struct stat st;

	if (stat(HOME_CDB, &st) == 0 && now - (int64_t)st.st_mtime >= GRACE)
		status_add_text(status, STATUS_WARNING,
		    HOME_STATE
		    " is missing or cannot be read, so nobody knows whether " HOME_CDB
		    " is up to date: run rcptbuild");
}

/*
 * Is the CDB another than the state tells of? rcptbuild renames it first and saves the state
 * then, so a difference must last.
 */
static bool
is_replaced(struct state *state)
{
	struct state_stamp there;

	for (int tries = 0; tries < 2; tries++) {
		if (tries > 0) {
			poll(NULL, 0, SAVE_TIME);
			if (state_load(state, HOME_STATE) == -1)
				return false;
		}
		state_stamp(&there, HOME_CDB);
		if (there.inode == 0 || state_same_file(&state->cdb, &there))
			return false;
	}
	return true;
}

/* A failing rcptbuild is reason enough for all the rest. */
void
statusruns(struct status *status, struct cdbfile *cdb, int64_t now)
{
	struct state state;
	int64_t changed, due;

	if (state_load(&state, HOME_STATE) == -1) {
		tell_no_state(status, now);
		return;
	}
	if (state.failed_code != 0) {
		tell_failed(status, &state);
		return;
	}
	if (is_replaced(&state))
		status_add_text(status, STATUS_WARNING,
		    HOME_CDB " was replaced by other than rcptbuild: run rcptbuild");
	changed = state_changed_at(&state, home_database());
	if (changed == -1)
		status_add_text(status, STATUS_WARNING,
		    HOME_DATABASE " is gone: restore it; what was compiled stays in use");
	else if (changed > 0 && now - changed >= GRACE)
		tell_late(status,
		    "rcptbuild has not compiled what was changed in " HOME_DATABASE " at ",
		    changed);
	else if (changed > 0)
		status_add_text(status, STATUS_OK,
		    "         " HOME_DATABASE " was changed just now: rcptbuild will see it");
	changed = cdb == NULL ? 0 : statuslists_changed_at(&state, cdb);
	if (changed > 0 && now - changed >= GRACE)
		tell_late(status,
		    "rcptbuild has not compiled what was changed in a list of users at ",
		    changed);
	due = (int64_t)state.resolve_every * 3;
	if (state.resolved_at > 0 &&
	    !state_names_fresh(&state, (uint64_t)(due > GRACE ? due : GRACE), now))
		tell_late(status, "host names are due, and rcptbuild has not run since ",
		    (int64_t)state.resolved_at);
}
