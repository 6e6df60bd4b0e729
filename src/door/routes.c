#include "routes.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
#include "routesfile.h"

#define RESOLVE_EVERY 300   /* seconds, where resolve_every is not set */
#define TIME          15000 /* ms, for all host names: rcptcheck.cdb must not wait for long */

struct routes {
	struct run run;
	struct mailboxes mailboxes;
	struct routesettings settings;
	uint32_t resolve_every;
	char group[64]; /* "" = not set */
	bool bad_setting;
};

/* What else is read of a build but the database and the lists. */
static bool
is_current(const struct routes *routes)
{
	const struct state *old = &routes->run.old, *next = &routes->run.next;

	return state_same_users(old, next) && state_same_file(&old->cdb, &next->cdb) &&
	    state_same_file(&old->program, &next->program) &&
	    (old->resolved_at == 0 ||
		state_names_fresh(old, old->resolve_every, routes->run.options->now));
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
		return database_trouble(db, &routes->run.report);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		const char *value = (const char *)sqlite3_column_text(stmt, 1);

		if (name == NULL || value == NULL)
			routes->bad_setting = true;
		else
			set_setting(routes, name, value);
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : database_trouble(db, &routes->run.report);
}

static int
read_feeds(struct routes *routes)
{
	const struct run_options *options = routes->run.options;
	struct report *report = &routes->run.report;
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
	int result = database_open(&db, routes->run.options->database,
	    routes->run.options->check, &routes->run.report);

	/* A column that is missing is in the report. */
	if (result == 0)
		result = read_settings(routes, db);
	if (result == 0 && routes->run.report.lists[REPORT_BAD].count == 0)
		result = mailread_table(&routes->mailboxes, db);
	database_close(db);
	return result == -1 ? -1 : read_feeds(routes);
}

static int
judge_counts(struct routes *routes)
{
	const struct run_options *options = routes->run.options;
	char list[sizeof("feeds/") + FEEDS_FILE_SIZE] = "";
	struct census_given given = {list, options->feed, 'm', options->force};
	struct report *report = &routes->run.report;
	struct census old = {0};
	int found = census_load(&old, HOME_ROUTES_COUNTS);

	if (options->feed != NULL)
		snprintf(list, sizeof(list), "feeds/%s" FEEDS_MAILBOXES, options->feed);
	if (found == 1)
		census_judge(
		    &old, &routes->mailboxes.census, &given, &routes->mailboxes.hosts, report);
	else if (found == -1)
		report_trouble(report, "%s: %s: if all mailboxes are right, run rcptbuild -f",
		    HOME_ROUTES_COUNTS, errno == EPROTO ? "damaged" : strerror(errno));
	census_free(&old);
	return found == -1 ? -1 : 0;
}

static int
resolve(struct routes *routes)
{
	const struct run_options *options = routes->run.options;
	bool keep = !options->force && routes->run.old.failed == 0 &&
	    state_names_fresh(&routes->run.old, routes->resolve_every, options->now);
	struct source *hosts = &routes->mailboxes.hosts;
	struct resolve_result result;

	hosts->hosts_table = "mailboxes";
	if (resolve_names(hosts, routes->run.have_previous ? &routes->run.previous : NULL, keep,
		resolve_system, deadline_now() + TIME, &routes->run.report, &result) == -1)
		return -1;
	routes->run.next.resolve_every = routes->resolve_every;
	if (hosts->host_names.count > 0)
		routes->run.next.resolved_at =
		    keep ? routes->run.old.resolved_at : (uint64_t)options->now;
	routes->run.next.failed = result.failed;
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
	sum = checksum_add(sum, &routes->run.next.program, sizeof(routes->run.next.program));
	for (uint32_t i = 0; i < hosts->host_names.count; i++) {
		const struct source_addresses *addresses = &hosts->of_host_name[i];

		sum = checksum_add(
		    sum, addresses->servers, addresses->count * sizeof(*addresses->servers));
	}
	return sum;
}

static int
save(struct routes *routes, const struct state *state)
{
	if (routes->run.options->check ||
	    state_save(state, HOME_ROUTES_STATE, routes->run.options->folder) == 0)
		return 0;
	return report_trouble(&routes->run.report, HOME_ROUTES_STATE ": %s", strerror(errno));
}

/* What is bad: says so and remembers only that, so that the next run reads all again. */
static int
reject(struct routes *routes)
{
	const struct run_options *options = routes->run.options;

	run_reject(&routes->run);
	if (options->watched && routes->run.have_previous)
		warnx("routes: something is bad, so " HOME_ROUTES
		      " stays as it is until that is corrected");
	return save(routes, &routes->run.old) == -1 ? -1 : EXIT_REJECT;
}

/* Returns an exit code, or -1 with the report. */
static int
build(struct routes *routes)
{
	const struct run_options *options = routes->run.options;
	struct report *report = &routes->run.report;
	struct mailwrite_counts counts;

	if (mailboxes_start(&routes->mailboxes, report) == -1 || read_all(routes) == -1)
		return -1;
	if (routes->bad_setting)
		return save(routes, &routes->run.old) == -1 ? -1 : EXIT_REJECT;
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
	routes->run.next.digest = digest_of(routes);
	/* Who has no mailboxes has no file. */
	if (!options->check &&
	    (routes->mailboxes.users.count > 0 || options->feed != NULL ||
		access(HOME_ROUTES, F_OK) == 0) &&
	    (options->force || options->feed != NULL || !routes->run.have_previous ||
		routes->run.old.digest != routes->run.next.digest ||
		!state_same_file(&routes->run.old.cdb, &routes->run.next.cdb)) &&
	    routesfile_write(
		&routes->run, &routes->mailboxes, &routes->settings, routes->group) == -1)
		return -1;
	run_say(&routes->run);
	return save(routes, &routes->run.next) == -1 ? -1 : 0;
}

int
routes_build(const struct run_options *options)
{
	struct routes routes = {.resolve_every = RESOLVE_EVERY};
	struct run *run = &routes.run;
	int result;

	routesettings_default(&routes.settings);
	run_start(run, options, HOME_ROUTES_STATE, HOME_ROUTES);
	feeds_stamp(&run->next.feeds, HOME_FEEDS, FEEDS_MAILBOXES);
	if (is_current(&routes) && !run_is_wanted(run))
		return 0;
	if (!options->check) {
		publish_tidy(HOME_ROUTES);
		publish_tidy(HOME_ROUTES_STATE);
		publish_tidy(HOME_ROUTES_COUNTS);
	}
	run->have_previous = cdbfile_open(&run->previous, HOME_ROUTES) == 0;
	if ((result = build(&routes)) == -1) {
		warnx("routes: %s", run->report.trouble);
		result = EXIT_TEMPFAIL;
	}
	if (run->have_previous)
		cdbfile_close(&run->previous);
	mailboxes_free(&routes.mailboxes);
	report_free(&run->report);
	return result;
}
