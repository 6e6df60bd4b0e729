#include "build.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/deadline.h"
#include "base/publish.h"
#include "delivery.h"
#include "deliverypaths.h"
#include "deliveryrestore.h"
#include "gather.h"
#include "home.h"
#include "rcpt/cachekeep.h"
#include "rcpt/verdict.h"

static void
verbose(const struct build *build, const char *text)
{
	if (build->run.options->verbose)
		warnx("%s", text);
}

static int
cannot(struct build *build, const char *path, const char *what)
{
	return report_trouble(&build->run.report, "%s%s: %s", path, what, strerror(errno));
}

void
build_abandon(struct build *build)
{
	if (build->cdb != -1) {
		compile_abandon(&build->compile);
		publish_abandon(build->cdb, HOME_CDB);
		build->cdb = -1;
	}
}

/* The verdict cache is disposable: trouble with it is a warning. */
static void
maintain_cache(struct build *build)
{
	struct line line;
	const char *what = "";

	if (access("cache", F_OK) == -1) {
		verbose(build, "there is no folder cache, so verdicts are not remembered");
		return;
	}
	switch (cachekeep_maintain(HOME_CACHE, build->run.options->force, &what)) {
	case 1:
		warnx("%s: made anew: %s", HOME_CACHE, what);
		break;
	case -1:
		line_start(&line);
		line_add(&line, HOME_CACHE ": ");
		line_add(&line, what);
		line_add(&line, ": verdicts are not remembered");
		report_add(&build->run.report, REPORT_WARNING, line.text);
		break;
	}
}

/* Notes which lists, and files for delivery, there were at the last build, as they are now. */
static void
look_at_lists(struct run *run)
{
	char path[SETTINGS_PATH_SIZE];
	size_t len;
	bool has = run->have_previous &&
	    cdbfile_find(&run->previous, "a", 1, path, sizeof(path) - 1, &len) == 1;

	if (has)
		path[len] = '\0';
	state_look_accounts(&run->next, has ? path : NULL);
	feeds_stamp(&run->next.feeds, HOME_FEEDS, "");
	run->next.delivery = run->have_previous ? deliverypaths_look(&run->previous) : 0;
}

/*
 * A database that is lost or emptied must not turn into a CDB without domains: everything would
 * be accepted. Two records, the mark and the settings, are in each CDB.
 */
static bool
has_lost_database(const struct run *run)
{
	struct stat st;

	if (stat(run->options->database, &st) == 0 && st.st_size > 0)
		return false;
	return access(HOME_CDB, F_OK) == 0 &&
	    (!run->have_previous || (run->previous.blocks - run->previous.tables) / 16 > 2);
}

/* What can't wait until all is well again. */
static void
restore(struct build *build)
{
	struct run *run = &build->run;
	const char *why;

	if (run->options->check || !run->have_previous)
		return;
	switch (deliveryrestore(&run->previous, &why)) {
	case 1:
		warnx(
		    "write_rcpthosts: the file was gone, and is made of " HOME_CDB " as it is");
		break;
	case -1:
		warnx("write_rcpthosts: the file is gone, and cannot be made: %s", why);
		break;
	}
}

int
build_start(struct build *build, const struct run_options *options)
{
	struct run *run = &build->run;

	memset(build, 0, sizeof(*build));
	build->cdb = -1;
	build->started = deadline_now();
	run_start(run, options, HOME_STATE, HOME_CDB);
	if (options->feed != NULL && options->bad_feed != NULL)
		report_add(&run->report, REPORT_BAD, options->bad_feed);
	run->have_previous = cdbfile_open(&run->previous, HOME_CDB) == 0;
	look_at_lists(run);
	if (!options->check)
		maintain_cache(build);
	if (!has_lost_database(run))
		return 0;
	restore(build);
	warnx(HOME_DATABASE " is gone or empty, but " HOME_CDB
			    " was made of it and stays in use: restore it, or remove " HOME_CDB
			    " to begin anew");
	return EXIT_TEMPFAIL;
}

static bool
is_nothing_to_do(const struct run *run)
{
	return run->have_previous && access(HOME_COUNTS, F_OK) == 0 &&
	    run->report.digest == 0 &&
	    state_is_current(&run->old, &run->next, run->options->now) && !run_is_wanted(run);
}

/* From now on every build reads it. */
static int
store_feed(struct build *build)
{
	const struct run_options *options = build->run.options;

	if (options->feed == NULL)
		return 0;
	if (lists_store(options->fd, options->feed, &build->run.report) == -1)
		return -1;
	feeds_stamp(&build->run.next.feeds, HOME_FEEDS, "");
	verbose(build, "the list is stored");
	return 0;
}

/* Returns an exit code, or -1 with the report; so do the next. */
static int
reject(struct build *build)
{
	const struct run_options *options = build->run.options;
	struct run *run = &build->run;

	build_abandon(build);
	restore(build);
	run_reject(run);
	if (isatty(STDERR_FILENO) || options->verbose)
		warnx("%zu bad, so " HOME_CDB " stays as it is until they are corrected",
		    run->report.lists[REPORT_BAD].count);
	if (!options->check && state_save(&run->old, HOME_STATE, options->folder) == -1)
		return cannot(build, HOME_STATE, "");
	return EXIT_REJECT;
}

static int
gather_all(struct build *build, bool with_users)
{
	struct state *next = &build->run.next;

	if (gather(build, with_users) == -1)
		return -1;
	if (build->run.report.lists[REPORT_BAD].count > 0)
		return reject(build);
	next->digest =
	    checksum_add(compile_digest(&build->source), &next->program, sizeof(next->program));
	return 0;
}

static bool
is_changed(const struct run *run)
{
	return run->options->force || !run->have_previous || access(HOME_COUNTS, F_OK) == -1 ||
	    run->old.digest != run->next.digest || run->old.users != run->next.users ||
	    !state_same_file(&run->old.cdb, &run->next.cdb);
}

/*
 * Where host names alone are due to be looked up again, and have the addresses they had, the users
 * need not be read: there may be millions. Warnings need them.
 */
static int
gather_what_is_due(struct build *build)
{
	struct run *run = &build->run;
	struct state looked = run->next;
	const struct run_options *options = run->options;
	int result;

	if (options->feed == NULL && !options->check && !options->force && run->old.said == 0 &&
	    run->report.digest == 0 && state_same_users(&run->old, &run->next) &&
	    run->old.delivery == run->next.delivery) {
		run->next.users = run->old.users;
		result = gather_all(build, false);
		if (result != 0 || (!is_changed(run) && run->report.digest == 0))
			return result;
		run->next = looked;
		source_free(&build->source);
		report_free(&run->report);
	}
	return gather_all(build, true);
}

static int
write_cdb(struct build *build)
{
	const struct run_options *options = build->run.options;
	struct run *run = &build->run;
	struct compile_counts counts;
	int done;

	if (compile_finish(&build->compile, options->now, &run->report, &counts) == -1 ||
	    store_feed(build) == -1)
		return -1;
	done = publish_finish(build->cdb, HOME_CDB, options->folder);
	build->cdb = -1;
	if (done == -1)
		return cannot(build, HOME_CDB, ": cannot be replaced");
	state_stamp(&run->next.cdb, HOME_CDB);
	if (census_save(&build->lists.users.census, HOME_COUNTS, options->folder) == -1)
		return cannot(build, HOME_COUNTS, ": cannot be written");
	printf("rcptbuild: %u domains, %u aliases, %u servers, %llu users, %llu bytes, %lld "
	       "ms\n",
	    counts.domains, counts.aliases, counts.servers,
	    (unsigned long long)build->lists.users.count, (unsigned long long)counts.bytes,
	    (long long)(deadline_now() - build->started));
	return 0;
}

/*
 * The CDB is in place, whatever becomes of these. What failed is tried again by the next run. Where the
 * users were not read, the domains of the lists are not known, but then nothing has changed.
 */
static void
deliver(struct build *build)
{
	struct run *run = &build->run;

	if (!build->has_users)
		return;
	if (delivery_write(&build->source, run->options->forgiven, &run->report) == -1)
		memset(&run->next.database, 0, sizeof(run->next.database));
	run->next.delivery = deliverypaths_look_by(&build->source);
}

/* What is not to be written is only counted. */
static int
count(struct build *build)
{
	struct compile_counts counts;

	run_say(&build->run);
	if (compile_count(&build->source, &build->run.report, &counts) == -1)
		return -1;
	if (build->run.options->verbose)
		warnx("no bad rows: %u domains, %u aliases, %u servers, %llu users",
		    counts.domains, counts.aliases, counts.servers,
		    (unsigned long long)build->lists.users.count);
	return 0;
}

static int
write_all(struct build *build)
{
	struct run *run = &build->run;

	if (is_changed(run)) {
		if (write_cdb(build) == -1)
			return -1;
	} else {
		if (store_feed(build) == -1)
			return -1;
		build_abandon(build);
		verbose(build, "nothing has changed: " HOME_CDB " stays as it is");
	}
	deliver(build);
	run_say(run);
	if (state_save(&run->next, HOME_STATE, run->options->folder) == -1)
		return cannot(build, HOME_STATE, ": cannot be written");
	return 0;
}

int
build_run(struct build *build)
{
	bool check = build->run.options->check;
	int result;

	if (is_nothing_to_do(&build->run)) {
		verbose(build, "nothing to do");
		return 0;
	}
	if (!check) {
		publish_tidy(HOME_CDB);
		publish_tidy(HOME_STATE);
		publish_tidy(HOME_COUNTS);
	}
	result = gather_what_is_due(build);
	if (result == 0)
		result = check ? count(build) : write_all(build);
	if (result != -1)
		return result;
	build_abandon(build);
	restore(build);
	warnx("%s", build->run.report.trouble);
	return EXIT_TEMPFAIL;
}
