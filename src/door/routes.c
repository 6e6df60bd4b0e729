#include "routes.h"

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cdbfile.h"
#include "base/checksum.h"
#include "base/deadline.h"
#include "base/publish.h"
#include "database.h"
#include "home.h"
#include "lists.h"
#include "mailread.h"
#include "mailwrite.h"
#include "rcpt/verdict.h"
#include "resolve.h"
#include "route/livefile.h"
#include "state.h"

#define MODE          0640
#define FOLDER_MODE   02770
#define RESOLVE_EVERY 300   /* seconds, where resolve_every is not set */
#define TIME          15000 /* ms, for all host names: rcptcheck.cdb must not wait for long */

static const char default_group[] = "route";

struct routes {
	const struct routes_options *options;
	struct report report;
	struct mailboxes mailboxes;
	struct routesettings settings;
	uint32_t resolve_every;
	char group[64]; /* "" = not set */
	bool bad_setting;
	struct state old, next;
	struct cdbfile previous;
	bool have_previous;
};

/* What else is read of a build but the database and the lists. */
static bool
is_current(const struct routes *routes)
{
	const struct state *old = &routes->old, *next = &routes->next;

	return state_same_users(old, next) && state_same_file(&old->cdb, &next->cdb) &&
	    state_same_file(&old->program, &next->program) &&
	    (old->resolved_at == 0 ||
		state_names_fresh(old, old->resolve_every, routes->options->now));
}

static void
set_setting(struct routes *routes, const char *name, const char *value)
{
	struct settings tried;

	settings_default(&tried);
	/* rcptbuild names it when it reads all settings. */
	if (settings_set(&tried, name, value) != NULL) {
		routes->bad_setting = true;
		return;
	}
	routesettings_set(&routes->settings, name, value);
	if (strcmp(name, "route_group") == 0)
		snprintf(routes->group, sizeof(routes->group), "%s", value);
	else if (strcmp(name, "resolve_every") == 0)
		routes->resolve_every = tried.resolve_every;
}

static int
read_settings(struct routes *routes, sqlite3 *db)
{
	static const char select[] =
	    "SELECT name, value FROM settings WHERE (domain IS NULL OR domain = '')"
	    " AND name IN ('route_connect_timeout', 'route_retry', 'route_imap_port',"
	    " 'route_pop3_port', 'route_group', 'resolve_every') ORDER BY rowid";
	sqlite3_stmt *stmt;
	int has = database_has(db, "settings"), rc;

	if (has == 0)
		return 0;
	if (has == -1 || sqlite3_prepare_v2(db, select, -1, &stmt, NULL) != SQLITE_OK)
		return database_trouble(db, &routes->report);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		const char *value = (const char *)sqlite3_column_text(stmt, 1);

		if (name == NULL || value == NULL)
			routes->bad_setting = true;
		else
			set_setting(routes, name, value);
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : database_trouble(db, &routes->report);
}

static int
read_feeds(struct routes *routes)
{
	const struct routes_options *options = routes->options;
	struct report *report = &routes->report;
	char name[FEEDS_FILE_SIZE];
	struct feeds feeds;
	int result = feeds_open(&feeds, HOME_FEEDS, FEEDS_MAILBOXES, report);

	if (options->bad_feed != NULL)
		report_add(report, REPORT_BAD, options->bad_feed);
	if (result == 0 && options->feed != NULL) {
		snprintf(name, sizeof(name), "%s" FEEDS_MAILBOXES, options->feed);
		result = feeds_replace(&feeds, name, options->fd, report);
	}
	if (result == 0)
		result = mailread_feeds(&routes->mailboxes, &feeds);
	feeds_free(&feeds);
	return result;
}

static int
read_all(struct routes *routes)
{
	sqlite3 *db;
	int result = database_open(
	    &db, routes->options->database, routes->options->check, &routes->report);

	/* A column that is missing is in the report. */
	if (result == 0)
		result = read_settings(routes, db);
	if (result == 0 && routes->report.lists[REPORT_BAD].count == 0)
		result = mailread_table(&routes->mailboxes, db);
	database_close(db);
	return result == -1 ? -1 : read_feeds(routes);
}

static int
judge_counts(struct routes *routes)
{
	const struct routes_options *options = routes->options;
	char forgiven[sizeof("feeds/") + FEEDS_FILE_SIZE] = "";
	struct report *report = &routes->report;
	struct census old = {0};
	int found = census_load(&old, HOME_ROUTES_COUNTS);

	if (options->force && options->feed != NULL)
		snprintf(forgiven, sizeof(forgiven), "feeds/%s" FEEDS_MAILBOXES, options->feed);
	if (found == 1)
		census_judge(&old, &routes->mailboxes.census, forgiven,
		    &routes->mailboxes.hosts, report);
	else if (found == -1)
		report_trouble(report, "%s: %s: if all mailboxes are right, run rcptbuild -f",
		    HOME_ROUTES_COUNTS, errno == EPROTO ? "damaged" : strerror(errno));
	census_free(&old);
	return found == -1 ? -1 : 0;
}

static int
resolve(struct routes *routes)
{
	const struct routes_options *options = routes->options;
	bool keep = !options->force && routes->old.failed == 0 &&
	    state_names_fresh(&routes->old, routes->resolve_every, options->now);
	struct source *hosts = &routes->mailboxes.hosts;
	struct resolve_result result;

	hosts->hosts_table = "mailboxes";
	if (resolve_names(hosts, routes->have_previous ? &routes->previous : NULL, keep,
		resolve_system, deadline_now() + TIME, &routes->report, &result) == -1)
		return -1;
	routes->next.resolve_every = routes->resolve_every;
	if (hosts->host_names.count > 0)
		routes->next.resolved_at =
		    keep ? routes->old.resolved_at : (uint64_t)options->now;
	routes->next.failed = result.failed;
	return 0;
}

/* Of all that goes into the file. */
static uint64_t
digest_of(const struct routes *routes)
{
	const struct source *hosts = &routes->mailboxes.hosts;
	uint64_t sum = routes->mailboxes.digest;

	sum = checksum_add(sum, &routes->settings, sizeof(routes->settings));
	sum = checksum_add(sum, routes->group, strlen(routes->group));
	sum = checksum_add(sum, &routes->next.program, sizeof(routes->next.program));
	for (uint32_t i = 0; i < hosts->host_names.count; i++) {
		const struct source_addresses *addresses = &hosts->of_host_name[i];

		sum = checksum_add(
		    sum, addresses->servers, addresses->count * sizeof(*addresses->servers));
	}
	return sum;
}

/* The group that may read it, and which file or name says so; -1: that of rcptbuild. */
static gid_t
choose_group(struct routes *routes)
{
	const struct group *group;
	struct stat st;
	struct line line;

	group = getgrnam(routes->group[0] == '\0' ? default_group : routes->group);
	if (group != NULL)
		return group->gr_gid;
	if (routes->group[0] == '\0' && stat(HOME_ROUTES, &st) == 0)
		return st.st_gid;
	if (routes->group[0] != '\0') {
		line_start(&line);
		line_add(&line, "settings: route_group: there is no group '");
		line_add_foreign(&line, routes->group, strlen(routes->group), 80);
		line_add(&line, "' here: " HOME_ROUTES " can be read by rcptbuild's own alone");
		report_add(&routes->report, REPORT_WARNING, line.text);
	}
	return (gid_t)-1;
}

/* The folder into which its readers write: which servers do not answer. */
static void
make_folder(gid_t group)
{
	bool made = mkdir(HOME_ROUTE, 0770) == 0, changed = made;
	struct stat st;

	if (made)
		warnx(HOME_ROUTE ": made this folder");
	if (lstat(HOME_ROUTE, &st) == -1 || !S_ISDIR(st.st_mode))
		return;
	if (group != (gid_t)-1 && st.st_gid != group &&
	    chown(HOME_ROUTE, (uid_t)-1, group) == 0) {
		/* What others have made there is none of theirs any more; it is disposable. */
		(void)unlink(LIVEFILE);
		changed = true;
	}
	if (changed)
		(void)chmod(HOME_ROUTE, FOLDER_MODE);
}

/* Returns a descriptor, or -1 with the report. */
static int
start_file(struct routes *routes, gid_t group)
{
	int fd = publish_start(HOME_ROUTES, MODE);

	if (fd == -1) {
		report_trouble(&routes->report, HOME_ROUTES ".tmp: cannot be created: %s",
		    strerror(errno));
		return -1;
	}
	/* chown takes nothing off the mode of a file that nobody can run. */
	if (group != (gid_t)-1 && fchown(fd, (uid_t)-1, group) == -1)
		report_add(&routes->report, REPORT_WARNING,
		    HOME_ROUTES
		    ": cannot be given to its group: run rcptbuild as root, or as a "
		    "member of the group");
	return fd;
}

static int
write_file(struct routes *routes)
{
	static const unsigned char note[CDBFILE_NOTE] = ROUTE_NOTE;
	gid_t group = choose_group(routes);
	int fd = start_file(routes, group), result;
	struct mailwrite_counts counts = {0};
	struct cdbwriter writer;
	uint64_t bytes;

	if (fd == -1)
		return -1;
	result = cdbwriter_start(&writer, fd, CDBWRITER_LIMIT);
	if (result == 0)
		result = mailwrite(&writer, &routes->mailboxes, &routes->settings, &counts);
	if (result == 0)
		result = cdbwriter_finish(&writer, routes->options->now, note);
	if (result != 0) {
		int error = errno;

		cdbwriter_abandon(&writer);
		publish_abandon(fd, HOME_ROUTES);
		if (routes->report.trouble[0] == '\0')
			report_trouble(&routes->report, HOME_ROUTES ": %s", strerror(error));
		return -1;
	}
	bytes = writer.used;
	/* Now the list is good, and from now on every build reads it. */
	if (routes->options->feed != NULL) {
		char name[FEEDS_FILE_SIZE];

		snprintf(name, sizeof(name), "%s" FEEDS_MAILBOXES, routes->options->feed);
		if (lists_store(routes->options->fd, name, &routes->report) == -1) {
			publish_abandon(fd, HOME_ROUTES);
			return -1;
		}
		feeds_stamp(&routes->next.feeds, HOME_FEEDS, FEEDS_MAILBOXES);
	}
	if (publish_finish(fd, HOME_ROUTES, routes->options->folder) == -1)
		return report_trouble(
		    &routes->report, HOME_ROUTES ": cannot be replaced: %s", strerror(errno));
	make_folder(group);
	state_stamp(&routes->next.cdb, HOME_ROUTES);
	if (census_save(
		&routes->mailboxes.census, HOME_ROUTES_COUNTS, routes->options->folder) == -1)
		return report_trouble(&routes->report,
		    HOME_ROUTES_COUNTS ": cannot be written: %s", strerror(errno));
	printf("rcptbuild: routes: %llu users, %llu ranges, %llu domains, %llu bytes\n",
	    (unsigned long long)counts.users, (unsigned long long)counts.ranges,
	    (unsigned long long)counts.domains, (unsigned long long)bytes);
	return 0;
}

static void
say(struct routes *routes)
{
	const struct routes_options *options = routes->options;

	routes->next.said = routes->report.digest;
	routes->next.said_at = routes->old.said_at;
	if (!options->watched &&
	    !state_must_say(&routes->old, routes->report.digest, options->now))
		return;
	report_print(&routes->report, stderr);
	routes->next.said_at = (uint64_t)options->now;
}

static int
save(struct routes *routes, const struct state *state)
{
	if (routes->options->check ||
	    state_save(state, HOME_ROUTES_STATE, routes->options->folder) == 0)
		return 0;
	return report_trouble(&routes->report, HOME_ROUTES_STATE ": %s", strerror(errno));
}

/* What is bad: says so and remembers only that, so that the next run reads all again. */
static int
reject(struct routes *routes)
{
	const struct routes_options *options = routes->options;

	say(routes);
	if (options->feed != NULL)
		warnx("the list is not stored: what is bad, there or elsewhere, stands above");
	if (options->watched && routes->have_previous)
		warnx("routes: something is bad, so " HOME_ROUTES
		      " stays as it is until that is corrected");
	routes->old.said = routes->next.said;
	routes->old.said_at = routes->next.said_at;
	memset(&routes->old.database, 0, sizeof(routes->old.database));
	return save(routes, &routes->old) == -1 ? -1 : EXIT_REJECT;
}

/* Returns an exit code, or -1 with the report. */
static int
build(struct routes *routes)
{
	const struct routes_options *options = routes->options;
	struct report *report = &routes->report;
	struct mailwrite_counts counts;

	if (mailboxes_start(&routes->mailboxes, report) == -1 || read_all(routes) == -1)
		return -1;
	if (routes->bad_setting)
		return save(routes, &routes->old) == -1 ? -1 : EXIT_REJECT;
	if (report->lists[REPORT_BAD].count == 0 && !options->forgiven &&
	    judge_counts(routes) == -1)
		return -1;
	if (report->lists[REPORT_BAD].count == 0 && resolve(routes) == -1)
		return -1;
	if (report->lists[REPORT_BAD].count == 0 &&
	    mailwrite(NULL, &routes->mailboxes, &routes->settings, &counts) == -1)
		return -1;
	if (report->lists[REPORT_BAD].count > 0)
		return reject(routes);
	routes->next.digest = digest_of(routes);
	/* Who has no mailboxes has no file. */
	if (!options->check &&
	    (routes->mailboxes.users.count > 0 || options->feed != NULL ||
		access(HOME_ROUTES, F_OK) == 0) &&
	    (options->force || options->feed != NULL || !routes->have_previous ||
		routes->old.digest != routes->next.digest ||
		!state_same_file(&routes->old.cdb, &routes->next.cdb)) &&
	    write_file(routes) == -1)
		return -1;
	say(routes);
	return save(routes, &routes->next) == -1 ? -1 : 0;
}

int
routes_build(const struct routes_options *options)
{
	struct routes routes = {.options = options, .resolve_every = RESOLVE_EVERY};
	int result;

	routesettings_default(&routes.settings);
	state_load(&routes.old, HOME_ROUTES_STATE);
	state_look(&routes.next, options->database, HOME_ROUTES);
	feeds_stamp(&routes.next.feeds, HOME_FEEDS, FEEDS_MAILBOXES);
	if (options->feed == NULL && !options->check && !options->force &&
	    is_current(&routes) &&
	    (routes.old.said == 0 ||
		(!options->watched &&
		    !state_must_say(&routes.old, routes.old.said, options->now))))
		return 0;
	if (!options->check) {
		publish_tidy(HOME_ROUTES);
		publish_tidy(HOME_ROUTES_STATE);
		publish_tidy(HOME_ROUTES_COUNTS);
	}
	routes.have_previous = cdbfile_open(&routes.previous, HOME_ROUTES) == 0;
	if ((result = build(&routes)) == -1) {
		warnx("routes: %s", routes.report.trouble);
		result = EXIT_TEMPFAIL;
	}
	if (routes.have_previous)
		cdbfile_close(&routes.previous);
	mailboxes_free(&routes.mailboxes);
	report_free(&routes.report);
	return result;
}
