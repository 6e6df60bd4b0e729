#include "statusbuild.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cdbwalk.h"
#include "home.h"
#include "rcpt/checker.h"

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
