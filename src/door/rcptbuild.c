/*
 * rcptbuild: compiles data/rcptcheck.db to data/rcptcheck.cdb.
 *
 *	rcptbuild [-nfv] [-u name < list]
 *
 * -n only checks, -f builds though nothing has changed or a list has shrunk, -v says more, -u
 * stores a list of users. Exits 0, 100 for bad rows, or 111. Run by cron every minute; when nothing has changed it looks at a few files and
 * is done.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cdbwriter.h"
#include "base/checksum.h"
#include "base/deadline.h"
#include "base/descriptors.h"
#include "base/publish.h"
#include "compile.h"
#include "database.h"
#include "delivery.h"
#include "deliverypaths.h"
#include "home.h"
#include "host.h"
#include "judge.h"
#include "lists.h"
#include "rcpt/cachekeep.h"
#include "rcpt/verdict.h"
#include "report.h"
#include "resolve.h"
#include "routes.h"
#include "source.h"
#include "state.h"
#include "tables.h"

#define CDB_MODE  0644
#define LOCK_WAIT 50000 /* ms: less than cron's minute */

static struct options {
	bool check, force, verbose;
	const char *feed;      /* the name of the one that comes from standard input, or NULL */
	const char *mailboxes; /* the same for a list of mailboxes */
} options;

static struct report report; /* what is wrong with the rows */
static struct source source;
static struct state old, next;  /* what the last run left, and what this one will */
static struct cdbfile previous; /* the CDB in use, if have_previous */
static bool have_previous;
static struct lists lists;
static bool has_users;         /* they were read, and the source has the domains of all lists */
static struct compile compile; /* the CDB that is being written, if cdb is not -1 */
static int cdb = -1;
static int feed =
    -1; /* the list that came from standard input, if options.feed or .mailboxes */
static const char *bad_feed; /* why that is bad as a whole, or NULL */

static const char *database;        /* its path */
static int folder;                  /* a descriptor of data */
static int outcome = EXIT_TEMPFAIL; /* how the run ends unless it comes to something better */

static void
usage(void)
{
	fprintf(stderr, "usage: rcptbuild [-nfv] [-u name | -m name < list]\n");
	exit(EXIT_TEMPFAIL);
}

/* Gives up what is half done. */
static void
abandon(void)
{
	if (cdb != -1) {
		compile_abandon(&compile);
		publish_abandon(cdb, HOME_CDB);
		cdb = -1;
	}
}

static void
fail(void)
{
	abandon();
	errx(EXIT_TEMPFAIL, "%s", report.trouble);
}

static void
verbose(const char *text)
{
	if (options.verbose)
		warnx("%s", text);
}

static void
go_home(void)
{
	if (chdir(home_path()) == -1)
		err(EXIT_TEMPFAIL, "%s: make it, or set RCPTCHECK_HOME", home_path());
}

/*
 * A home without its folders gets them, as `make install` makes them but for the group of
 * cache.
 */
static void
make_folders(void)
{
	if (options.check)
		return;
	if (mkdir("data", 0755) == 0)
		warnx("data: made this folder");
	if (mkdir("cache", 0770) == 0 && chmod("cache", 02770) == 0)
		warnx("cache: made this folder: give it to the group of the user who runs "
		      "rcptcheck (chgrp)");
}

static void
tell_waiting(void)
{
	verbose("waiting for another rcptbuild");
}

/* Runs at the exit, whatever leads there, as long as we have the lock. */
static void
remember_outcome(void)
{
	abandon();
	state_end(HOME_STATE, folder, outcome, (int64_t)time(NULL));
}

/* One at a time; the others wait. -n changes nothing and needs no lock. */
static void
lock_data(void)
{
	folder = open("data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder == -1)
		err(EXIT_TEMPFAIL, "the folder data in the home of rcptcheck");
	if (options.check)
		return;
	if (home_lock(LOCK_WAIT, tell_waiting) == -1) {
		if (errno == EWOULDBLOCK)
			errx(EXIT_TEMPFAIL,
			    "data: another rcptbuild has had it locked for %d s: see what it "
			    "waits for",
			    LOCK_WAIT / 1000);
		err(EXIT_TEMPFAIL, HOME_LOCK ": run rcptbuild as the owner of data");
	}
	atexit(remember_outcome);
}

/* The verdict cache is disposable: trouble with it is a warning. */
static void
maintain_cache(void)
{
	struct line line;
	const char *what = "";

	if (access("cache", F_OK) == -1) {
		verbose("there is no folder cache, so verdicts are not remembered");
		return;
	}
	switch (cachekeep_maintain(HOME_CACHE, options.force, &what)) {
	case 1:
		warnx("%s: made anew: %s", HOME_CACHE, what);
		break;
	case -1:
		line_start(&line);
		line_add(&line, HOME_CACHE ": ");
		line_add(&line, what);
		line_add(&line, ": verdicts are not remembered");
		report_add(&report, REPORT_WARNING, line.text);
		break;
	}
}

/* Is somebody there who wants to see all messages, even if they were printed before? */
static bool
is_watched(void)
{
	return options.verbose || options.force || options.check || options.feed != NULL ||
	    options.mailboxes != NULL || isatty(STDERR_FILENO);
}

static bool
is_nothing_to_do(int64_t now)
{
	return options.feed == NULL && !options.check && !options.force && have_previous &&
	    access(HOME_COUNTS, F_OK) == 0 && report.digest == 0 &&
	    state_is_current(&old, &next, now) &&
	    (old.said == 0 || (!is_watched() && !state_must_say(&old, old.said, now)));
}

static void
say(int64_t now)
{
	next.said = report.digest;
	next.said_at = old.said_at;
	if (!is_watched() && !state_must_say(&old, report.digest, now))
		return;
	report_print(&report, stderr);
	next.said_at = (uint64_t)now;
}

/* From now on every build reads it. */
static void
store_feed(void)
{
	if (options.feed == NULL)
		return;
	if (lists_store(feed, options.feed, &report) == -1)
		fail();
	feeds_stamp(&next.feeds, HOME_FEEDS, "");
	verbose("the list is stored");
}

/* Notes which lists, and files for delivery, there were at the last build, as they are now. */
static void
look_at_lists(void)
{
	char path[SETTINGS_PATH_SIZE];
	size_t len;
	bool has =
	    have_previous && cdbfile_find(&previous, "a", 1, path, sizeof(path) - 1, &len) == 1;

	if (has)
		path[len] = '\0';
	state_look_accounts(&next, has ? path : NULL);
	feeds_stamp(&next.feeds, HOME_FEEDS, "");
	next.delivery = have_previous ? deliverypaths_look(&previous) : 0;
}

/* Bad rows: says so and remembers only that, so that the next run reads them again. */
static void
reject(int64_t now)
{
	abandon();
	say(now);
	if (options.feed != NULL)
		warnx("the list is not stored: what is bad, there or elsewhere, stands above");
	if (isatty(STDERR_FILENO) || options.verbose)
		warnx("%zu bad, so " HOME_CDB " stays as it is until they are corrected",
		    report.lists[REPORT_BAD].count);
	if (!options.check) {
		old.said = next.said;
		old.said_at = next.said_at;
		memset(&old.database, 0, sizeof(old.database));
		if (state_save(&old, HOME_STATE, folder) == -1)
			err(EXIT_TEMPFAIL, HOME_STATE);
	}
	outcome = EXIT_REJECT;
	exit(EXIT_REJECT);
}

/*
 * A database that is lost or emptied must not turn into a CDB without domains: everything would
 * be accepted. Two records, the mark and the settings, are in each CDB.
 */
static void
guard_lost_database(void)
{
	struct stat st;

	if (stat(database, &st) == 0 && st.st_size > 0)
		return;
	if (access(HOME_CDB, F_OK) == -1 ||
	    (have_previous && (previous.blocks - previous.tables) / 16 <= 2))
		return;
	errx(EXIT_TEMPFAIL,
	    HOME_DATABASE " is gone or empty, but " HOME_CDB
			  " was made of it and stays in use: restore it, or remove " HOME_CDB
			  " to begin anew");
}

/* -f with a list forgives that one alone. */
static bool
forgives_all(void)
{
	return options.force && options.feed == NULL && options.mailboxes == NULL;
}

static void
read_users(sqlite3 *db)
{
	if (!options.check) {
		if ((cdb = publish_start(HOME_CDB, CDB_MODE)) == -1)
			err(EXIT_TEMPFAIL, HOME_CDB ".tmp: cannot be created");
		if (compile_start(&compile, &source, cdb, CDBWRITER_LIMIT, &report) == -1)
			fail();
	}
	if (lists_read(&lists, db, &source, options.check ? NULL : compile_user, &compile,
		&report) == -1)
		fail();
	next.users = lists.users.digest;
	if (report.lists[REPORT_BAD].count == 0 && !forgives_all() &&
	    lists_judge(&lists, HOME_COUNTS, options.force ? options.feed : NULL, &source,
		&report) == -1)
		fail();
}

/*
 * One state of each database: users are read before anything waits for the network, and go into
 * the CDB at once.
 */
static void
read_database(bool with_users)
{
	sqlite3 *db;

	if (source_start(&source) == -1)
		err(EXIT_TEMPFAIL, NULL);
	switch (database_open(&db, database, options.check, &report)) {
	case -1:
		fail();
		break;
	case 0:
		if (tables_load(&source, db, &report) == -1)
			fail();
		state_look_accounts(&next, source_setting(&source, "users_database"));
		if (!with_users)
			break;
		if (lists_open(&lists, &source, options.feed, feed, &report) == -1)
			fail();
		if (report.lists[REPORT_BAD].count == 0)
			read_users(db);
		lists_close(&lists);
		break;
	}
	database_close(db);
}

static void
resolve(int64_t now)
{
	bool keep = !options.force && old.failed == 0 &&
	    state_names_fresh(&old, source.global.resolve_every, now);
	struct resolve_result result;

	if (resolve_names(&source, have_previous ? &previous : NULL, keep, resolve_system,
		deadline_now() + RESOLVE_TIME, &report, &result) == -1)
		fail();
	next.resolve_every = source.global.resolve_every;
	if (source.host_names.count > 0)
		next.resolved_at = keep ? old.resolved_at : (uint64_t)now;
	next.failed = result.failed;
	if (source.global.helo[0] == '\0')
		resolve_helo(source.global.helo, have_previous ? &previous : NULL);
}

static void
judge(bool with_users)
{
	struct host_self self;

	if (host_self_load(&self) == -1)
		err(EXIT_TEMPFAIL, "the addresses of this host");
	if (judge_servers(&source, &self, &report) == -1)
		fail();
	host_self_free(&self);
	/* Lists of users may have domains that the rest is to be judged by. */
	if (with_users && report.lists[REPORT_BAD].count == 0)
		judge_rest(&source, source.global.helo, &report);
}

/* All that can be bad is read and judged; does not return when it is. */
static void
gather(int64_t now, bool with_users)
{
	read_database(with_users);
	has_users = with_users;
	if (report.lists[REPORT_BAD].count == 0) {
		resolve(now);
		judge(with_users);
	}
	if (report.lists[REPORT_BAD].count > 0)
		reject(now);
	next.digest =
	    checksum_add(compile_digest(&source), &next.program, sizeof(next.program));
}

static bool
is_changed(void)
{
	return options.force || !have_previous || access(HOME_COUNTS, F_OK) == -1 ||
	    old.digest != next.digest || old.users != next.users ||
	    !state_same_file(&old.cdb, &next.cdb);
}

/*
 * Where host names alone are due to be looked up again, and have the addresses they had, the users
 * need not be read: there may be millions. Warnings need them.
 */
static void
gather_what_is_due(int64_t now)
{
	bool same = options.feed == NULL && !options.check && !options.force && old.said == 0 &&
	    state_same_users(&old, &next) && old.delivery == next.delivery;

	if (same) {
		struct state looked = next;

		next.users = old.users;
		gather(now, false);
		if (!is_changed() && report.digest == 0)
			return;
		next = looked;
		source_free(&source);
		report_free(&report);
	}
	gather(now, true);
}

static void
build(int64_t now, int64_t started)
{
	struct compile_counts counts;

	if (compile_finish(&compile, now, &report, &counts) == -1)
		fail();
	store_feed();
	if (publish_finish(cdb, HOME_CDB, folder) == -1)
		err(EXIT_TEMPFAIL, HOME_CDB ": cannot be replaced");
	cdb = -1;
	state_stamp(&next.cdb, HOME_CDB);
	if (census_save(&lists.users.census, HOME_COUNTS, folder) == -1)
		err(EXIT_TEMPFAIL, HOME_COUNTS ": cannot be written");
	printf("rcptbuild: %u domains, %u aliases, %u servers, %llu users, %llu bytes, %lld "
	       "ms\n",
	    counts.domains, counts.aliases, counts.servers,
	    (unsigned long long)lists.users.count, (unsigned long long)counts.bytes,
	    (long long)(deadline_now() - started));
}

/*
 * The CDB is in place, whatever becomes of these. What failed is tried again by the next run. Where the
 * users were not read, the domains of the lists are not known, but then nothing has changed.
 */
static void
deliver(void)
{
	if (!has_users)
		return;
	if (delivery_write(&source, forgives_all(), &report) == -1)
		memset(&next.database, 0, sizeof(next.database));
	next.delivery = deliverypaths_look_by(&source);
}

static void
parse_options(int argc, char **argv)
{
	const char *name;
	int option;

	while ((option = getopt(argc, argv, "nfvu:m:")) != -1) {
		switch (option) {
		case 'n':
			options.check = true;
			break;
		case 'f':
			options.force = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'u':
			options.feed = optarg;
			break;
		case 'm':
			options.mailboxes = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	if (options.feed != NULL && options.mailboxes != NULL)
		usage();
	name = options.feed != NULL ? options.feed : options.mailboxes;
	if (name != NULL && !feeds_name_good(name))
		errx(EXIT_TEMPFAIL,
		    "-u and -m: the name of a list is 1 to %d letters, digits, - and _, and "
		    "begins with a letter or digit",
		    FEEDS_NAME_MAX);
}

/*
 * Which of the two files it is for: only there it is bad.
 */
static void
receive_feed(void)
{
	if (options.feed == NULL && options.mailboxes == NULL)
		return;
	if ((feed = lists_receive(&bad_feed, &report)) == -1)
		fail();
	if (options.force)
		bad_feed = NULL;
	if (options.feed != NULL && bad_feed != NULL)
		report_add(&report, REPORT_BAD, bad_feed);
}

/* The other file, by itself: neither waits until all is well with the other. */
static int
build_routes(int64_t now)
{
	struct routes_options routes = {.check = options.check,
	    .force = options.force,
	    .verbose = options.verbose,
	    .forgiven = forgives_all(),
	    .watched = is_watched(),
	    .feed = options.mailboxes,
	    .fd = feed,
	    .bad_feed = bad_feed,
	    .database = database,
	    .folder = folder,
	    .now = now};

	return routes_build(&routes);
}

int
main(int argc, char **argv)
{
	struct compile_counts counts;
	int64_t started, now;
	int routes;

	/* What is written to one that was closed must not end up in a data file. */
	for (int fd = 0; fd <= 2; fd++)
		descriptors_plug(fd);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is like a full disk */
	parse_options(argc, argv);

	go_home();
	make_folders();
	receive_feed();
	lock_data();
	started = deadline_now();
	now = (int64_t)time(NULL);
	state_load(&old, HOME_STATE);
	database = home_database();
	state_look(&next, database, HOME_CDB);
	have_previous = cdbfile_open(&previous, HOME_CDB) == 0;
	look_at_lists();
	if (!options.check)
		maintain_cache();
	guard_lost_database();
	routes = build_routes(now);
	if (is_nothing_to_do(now)) {
		verbose("nothing to do");
		outcome = routes;
		return routes == 0 ? 0 : routes == EXIT_REJECT ? EXIT_REJECT : EXIT_TEMPFAIL;
	}

	if (!options.check) {
		publish_tidy(HOME_CDB);
		publish_tidy(HOME_STATE);
		publish_tidy(HOME_COUNTS);
	}
	gather_what_is_due(now);
	if (options.check) {
		say(now);
		if (compile_count(&source, &report, &counts) == -1)
			fail();
		if (options.verbose)
			warnx("no bad rows: %u domains, %u aliases, %u servers, %llu users",
			    counts.domains, counts.aliases, counts.servers,
			    (unsigned long long)lists.users.count);
		return routes == 0 ? 0 : routes == EXIT_REJECT ? EXIT_REJECT : EXIT_TEMPFAIL;
	}
	if (is_changed()) {
		build(now, started);
	} else {
		store_feed();
		abandon();
		verbose("nothing has changed: " HOME_CDB " stays as it is");
	}
	deliver();
	say(now);
	if (state_save(&next, HOME_STATE, folder) == -1)
		err(EXIT_TEMPFAIL, HOME_STATE ": cannot be written");
	outcome = routes;
	return routes == 0 ? 0 : routes == EXIT_REJECT ? EXIT_REJECT : EXIT_TEMPFAIL;
}
