#include "statusbuild.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cdbwalk.h"
#include "home.h"
#include "rcpt/checker.h"
#include "rcpt/verdict.h"
#include "state.h"
#include "statuslists.h"

#define GRACE     300  /* seconds: cron has had its chance */
#define SAVE_TIME 1000 /* ms: rcptbuild has saved its state */

static const char other_version[] = "a record of it is of another version: run rcptbuild";

struct seen {
	struct statusask *ask;
	uint32_t domains, aliases;
	uint32_t tls_required, tls_unnamed; /* with tls=require; of them: without tls_name */
	uint32_t dangling;
	char alias[RECORD_NAME_SIZE], target[RECORD_NAME_SIZE]; /* the first that dangles */
	bool deferred;                                          /* is its mail */
	uint32_t
	    incomplete; /* local domains whose lists prove nothing, and nobody is asked instead */
	char first_incomplete[RECORD_NAME_SIZE];
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

/* One of which all mail is deferred, or with mode = warn accepted. */
static void
see_dangling(struct seen *seen, const char *domain, const struct record *record)
{
	if (seen->dangling++ > 0 && strcmp(domain, seen->alias) > 0)
		return;
	snprintf(seen->alias, sizeof(seen->alias), "%s", domain);
	snprintf(seen->target, sizeof(seen->target), "%s", record->main_name);
	seen->deferred = record->settings.mode == MODE_ENFORCE;
}

/* A local domain about which no server is asked. */
static void
see_local(struct seen *seen, const char *domain, const struct record *record)
{
	if ((record->flags & RECORD_INCOMPLETE) == 0 || record->settings.mode != MODE_ENFORCE ||
	    (seen->incomplete++ > 0 && strcmp(domain, seen->first_incomplete) > 0))
		return;
	snprintf(seen->first_incomplete, sizeof(seen->first_incomplete), "%s", domain);
}

static void
see_tls(struct seen *seen, const struct record *record)
{
	seen->tls_required++;
	seen->tls_unnamed += record->settings.tls_name[0] == '\0';
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
	if (record.main_name[0] == '\0')
		seen->domains++;
	else
		seen->aliases++;
	if (statusask_concerns(&record))
		statusask_add(seen->ask, domain, &record);
	else if (record.settings.mode == MODE_OFF || (record.flags & RECORD_ACCEPT_ALL) != 0)
		return 0;
	else if (record_list_decides(&record))
		see_local(seen, domain, &record);
	else if ((record.flags & RECORD_DANGLING) != 0)
		see_dangling(seen, domain, &record);
	else
		see_tls(seen, &record);
	return 0;
}

/* "12 domains, 3 aliases" */
static void
add_domains(struct line *line, const struct seen *seen)
{
	status_add_count(line, seen->domains, "domain", "domains");
	if (seen->aliases == 0)
		return;
	line_add(line, ", ");
	status_add_count(line, seen->aliases, "alias", "aliases");
}

static void
tell_dangling(struct status *status, const struct seen *seen)
{
	struct line line;

	line_start(&line);
	line_add(&line, "mail for ");
	line_add(&line, seen->alias);
	if (seen->dangling > 1) {
		line_add(&line, " and ");
		status_add_count(&line, seen->dangling - 1, "more alias", "more aliases");
	}
	line_add(&line, seen->deferred ? " is deferred" : " is accepted unchecked");
	line_add(&line, ": its domain ");
	line_add(&line, seen->target);
	line_add(&line, " has no row in domain_ips");
	status_add(status, STATUS_CRITICAL, &line);
}

static void
tell_empty(struct status *status, const struct seen *seen)
{
	struct line line;

	line_start(&line);
	line_add(&line, "mail for ");
	line_add(&line, seen->first_incomplete);
	if (seen->incomplete > 1) {
		line_add(&line, " and ");
		status_add_count(&line, seen->incomplete - 1, "more domain", "more domains");
	}
	line_add(&line,
	    " is deferred for all who are not listed: a local domain of which no list has "
	    "users, "
	    "or one that cannot be read whole: see rcptbuild -n");
	status_add(status, STATUS_CRITICAL, &line);
}

static void
tell_tls(struct status *status, enum status_level level, uint32_t count, const char *what)
{
	struct line line;

	if (count == 0)
		return;
	line_start(&line);
	line_add(&line, level == STATUS_OK ? "         " : "");
	status_add_count(&line, count, "domain", "domains");
	line_add(&line, " with tls=require: ");
	line_add(&line, what);
	status_add(status, level, &line);
}

/*
 * A name to verify is only set by who counts on rcptprobe. Without one nobody can be asked in the
 * way that tls=require wants.
 */
static void
judge_tls(struct status *status, const struct seen *seen, bool probe_runs)
{
	uint32_t named = seen->tls_required - seen->tls_unnamed;

	if (probe_runs)
		tell_tls(status, STATUS_OK, named, "asked by rcptprobe alone");
	else
		tell_tls(
		    status, STATUS_WARNING, named, "never asked while rcptprobe does not run");
	tell_tls(status, STATUS_WARNING, seen->tls_unnamed,
	    "no tls_name, so that certificates cannot be verified: see "
	    "rcptcheck-settings(5)");
}

static void
tell_seen(
    struct status *status, const struct cdbfile *cdb, const struct seen *seen, bool probe_runs)
{
	struct line line;

	line_start(&line);
	line_add(&line, "cdb      ");
	add_domains(&line, seen);
	line_add(&line, ", compiled ");
	status_add_time(&line, cdb->built);
	status_add(status, STATUS_OK, &line);
	judge_tls(status, seen, probe_runs);
	if (seen->dangling > 0)
		tell_dangling(status, seen);
	if (seen->incomplete > 0)
		tell_empty(status, seen);
	line_start(&line);
	if (seen->domains + seen->aliases > 0)
		add_domains(&line, seen);
	else
		line_add(&line, "nothing to check yet: no domains");
	snprintf(status->summary, sizeof(status->summary), "%.*s", STATUS_TEXT, line.text);
}

/* Who cannot open it here says nothing about those who run rcptcheck. */
static void
tell_closed(struct status *status, int error)
{
	struct line line;

	line_start(&line);
	line_add(&line, HOME_CDB ": ");
	line_add(&line, strerror(error));
	line_add(&line, " to user ");
	status_add_user(&line, geteuid());
	line_add(&line, ": run rcptstatus as root, or as the hook's user");
	status_add(status, STATUS_UNKNOWN, &line);
}

static void
tell_trouble(struct status *status, const char *trouble, bool damaged)
{
	struct line line;

	line_start(&line);
	line_add(&line, "mail is deferred: " HOME_CDB ": ");
	line_add(&line, trouble);
	line_add(&line, damaged ? ": rcptbuild -f makes it anew" : "");
	status_add(status, STATUS_CRITICAL, &line);
}

int
statusbuild_cdb(
    struct status *status, struct cdbfile *cdb, struct statusask *ask, bool probe_runs)
{
	struct seen seen = {.ask = ask}, again = {.ask = ask};
	int walked;

	if (cdbfile_open(cdb, HOME_CDB) == -1) {
		if (errno == EACCES || errno == EMFILE || errno == ENFILE)
			tell_closed(status, errno);
		else
			tell_trouble(status, checker_cdb_trouble(), errno == EPROTO);
		return -1;
	}
	walked = cdbwalk(cdb, see, &seen);
	if (walked != 0) {
		tell_trouble(status, walked == 1 ? seen.trouble : checker_cdb_trouble(),
		    walked == -1 && errno == EPROTO);
		cdbfile_close(cdb);
		return -1;
	}
	if (statusask_turn(ask, (int64_t)time(NULL)))
		(void)cdbwalk(cdb, see, &again); /* proven before */
	tell_seen(status, cdb, &seen, probe_runs);
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
statusbuild_runs(struct status *status, struct cdbfile *cdb, int64_t now)
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
