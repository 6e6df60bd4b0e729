#include "gather.h"

#include <errno.h>
#include <string.h>

#include "base/deadline.h"
#include "base/publish.h"
#include "database.h"
#include "home.h"
#include "host.h"
#include "judge.h"
#include "resolve.h"
#include "tables.h"

#define CDB_MODE 0644

static bool
is_bad(const struct build *build)
{
	return build->run.report.lists[REPORT_BAD].count > 0;
}

static int
read_users(struct build *build, sqlite3 *db)
{
	const struct run_options *options = build->run.options;
	struct report *report = &build->run.report;

	if (!options->check) {
		if ((build->cdb = publish_start(HOME_CDB, CDB_MODE)) == -1)
			return report_trouble(
			    report, HOME_CDB ".tmp: cannot be created: %s", strerror(errno));
		if (compile_start(&build->compile, &build->source, build->cdb, CDBWRITER_LIMIT,
			report) == -1)
			return -1;
	}
	if (lists_read(&build->lists, db, &build->source, options->check ? NULL : compile_user,
		&build->compile, report) == -1)
		return -1;
	build->run.next.users = build->lists.users.digest;
	if (is_bad(build) || options->forgiven)
		return 0;
	return lists_judge(
	    &build->lists, HOME_COUNTS, options->feed, options->force, &build->source, report);
}

static int
read_lists(struct build *build, sqlite3 *db)
{
	const struct run_options *options = build->run.options;
	int result = 0;

	if (lists_open(&build->lists, &build->source, options->feed, options->fd,
		&build->run.report) == -1)
		return -1;
	if (!is_bad(build))
		result = read_users(build, db);
	lists_close(&build->lists);
	return result;
}

/*
 * One state of each database: users are read before anything waits for the network, and go into
 * the CDB at once.
 */
static int
read_database(struct build *build, bool with_users)
{
	const struct run_options *options = build->run.options;
	struct report *report = &build->run.report;
	sqlite3 *db;
	int result;

	if (source_start(&build->source) == -1)
		return report_trouble(report, "%s", strerror(errno));
	result = database_open(&db, options->database, options->check, report);
	if (result == 0) {
		result = tables_load(&build->source, db, report);
		if (result == 0)
			state_look_accounts(
			    &build->run.next, source_setting(&build->source, "users_database"));
		if (result == 0 && with_users)
			result = read_lists(build, db);
	}
	database_close(db);
	return result == -1 ? -1 : 0;
}

static int
resolve(struct build *build)
{
	struct run *run = &build->run;
	struct settings *global = &build->source.global;
	struct cdbfile *previous = run->have_previous ? &run->previous : NULL;
	bool keep = !run->options->force && run->old.failed == 0 &&
	    state_names_fresh(&run->old, global->resolve_every, run->options->now);
	struct resolve_result result;

	if (resolve_names(&build->source, previous, keep, resolve_system,
		deadline_now() + RESOLVE_TIME, &run->report, &result) == -1)
		return -1;
	run->next.resolve_every = global->resolve_every;
	if (build->source.host_names.count > 0)
		run->next.resolved_at =
		    keep ? run->old.resolved_at : (uint64_t)run->options->now;
	run->next.failed = result.failed;
	if (global->helo[0] == '\0')
		resolve_helo(global->helo, previous);
	return 0;
}

static int
judge(struct build *build, bool with_users)
{
	struct report *report = &build->run.report;
	struct host_self self;
	int result;

	if (host_self_load(&self) == -1)
		return report_trouble(
		    report, "the addresses of this host: %s", strerror(errno));
	result = judge_servers(&build->source, &self, report);
	host_self_free(&self);
	/* Lists of users may have domains that the rest is to be judged by. */
	if (result == 0 && with_users && !is_bad(build))
		judge_rest(&build->source, build->source.global.helo, report);
	return result;
}

int
gather(struct build *build, bool with_users)
{
	if (read_database(build, with_users) == -1)
		return -1;
	build->has_users = with_users;
	if (is_bad(build))
		return 0;
	return resolve(build) == -1 ? -1 : judge(build, with_users);
}
