#include "statusbuild.h"

#include <errno.h>
#include <string.h>

#include "base/cdbwalk.h"
#include "home.h"
#include "rcpt/checker.h"
#include "rcpt/verdict.h"
#include "state.h"

#define GRACE 300 /* seconds: cron has had its chance */

static const char other_version[] = "a record of it is of another version: run rcptbuild";

struct seen {
	struct statusask *ask;
	uint32_t domains;
	const char *trouble;
};

/* A domain that has a U-label is there twice; that one is not ASCII. */
static bool
is_alabel(const char *name)
{
	for (; *name != '\0'; name++)
		if ((unsigned char)*name >= 0x80)
			return false;
	return true;
}

int
statusbuild_domain(
    const struct cdbfile_record *bytes, char domain[RECORD_NAME_SIZE], struct record *record)
{
	size_t len = bytes->key_len - 1;

	if (bytes->key_len == 0 || bytes->key[0] != RECORD_KEY_DOMAIN ||
	    len >= RECORD_NAME_SIZE)
		return 0;
	memcpy(domain, bytes->key + 1, len);
	domain[len] = '\0';
	if (!is_alabel(domain))
		return 0;
	return record_parse(record, bytes->value, bytes->len) == 0 ? 1 : -1;
}

static int
see(void *arg, const struct cdbfile_record *bytes)
{
	struct seen *seen = arg;
	char domain[RECORD_NAME_SIZE];
	struct record record;

	switch (statusbuild_domain(bytes, domain, &record)) {
	case 0:
		return 0;
	case -1:
		seen->trouble = other_version;
		return 1;
	}
	seen->domains++;
	if (statusask_concerns(&record))
		statusask_add(seen->ask, domain, &record);
	return 0;
}

int
statusbuild_cdb(
    struct status *status, struct cdbfile *cdb, struct statusask *ask, uint32_t *domains)
{
	struct seen seen = {.ask = ask};
	struct line line;
	bool damaged = false;

	if (cdbfile_open(cdb, HOME_CDB) == -1 || cdbwalk(cdb, see, &seen) == -1) {
		seen.trouble = checker_cdb_trouble();
		damaged = errno == EPROTO;
	}
	*domains = seen.domains;
	line_start(&line);
	if (seen.trouble != NULL) {
		line_add(&line, "mail is deferred: " HOME_CDB ": ");
		line_add(&line, seen.trouble);
		line_add(&line, damaged ? ": rcptbuild -f makes it anew" : "");
		status_add(status, STATUS_CRITICAL, &line);
		cdbfile_close(cdb);
		return -1;
	}
	line_add(&line, "cdb      ");
	line_add_number(&line, seen.domains);
	line_add(&line, " domains, compiled ");
	status_add_time(&line, cdb->built);
	status_add(status, STATUS_OK, &line);
	return 0;
}

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

/* A failing rcptbuild is reason enough for all the rest. */
void
statusbuild_runs(struct status *status, int64_t now)
{
	struct state state;
	int64_t changed, due;

	if (state_load(&state, HOME_STATE) == -1)
		return;
	if (state.failed_code != 0) {
		tell_failed(status, &state);
		return;
	}
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
	due = (int64_t)state.resolve_every * 3;
	if (state.resolved_at > 0 &&
	    now - (int64_t)state.resolved_at >= (due > GRACE ? due : GRACE))
		tell_late(status, "host names are due, and rcptbuild has not run since ",
		    (int64_t)state.resolved_at);
}
