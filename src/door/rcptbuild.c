/*
 * rcptbuild: compiles data/rcptcheck.db to data/rcptcheck.cdb.
 *
 *	rcptbuild [-nfv]
 *
 * -n only checks, -f builds though nothing has changed, -v says more. Exits 0, 100 for bad
 *rows, or 111. Run by cron every minute; when nothing has changed it looks at a few files and
 *is done.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cdbwriter.h"
#include "base/deadline.h"
#include "compile.h"
#include "database.h"
#include "base/checksum.h"
#include "host.h"
#include "judge.h"
#include "publish.h"
#include "rcpt/cachekeep.h"
#include "rcpt/verdict.h"
#include "report.h"
#include "resolve.h"
#include "source.h"
#include "state.h"
#include "tables.h"

#define DATABASE  "data/rcptcheck.db"
#define CDB       "data/rcptcheck.cdb"
#define STATE     "data/rcptbuild.state"
#define LOCK      "data/rcptbuild.lock" /* not the folder, which any user could lock */
#define CACHE     "cache/verdicts.db"
#define CDB_MODE  0644
#define LOCK_WAIT 50000 /* ms: less than cron's minute */

static struct options {
	bool check, force, verbose;
} options;

static struct report report; /* what is wrong with the rows */
static struct source source;
static struct state old, next;  /* what the last run left, and what this one will */
static struct cdbfile previous; /* the CDB in use, if have_previous */
static bool have_previous;

static char real_path[PATH_MAX];
static const char *database = DATABASE; /* or where a link of that name leads */

static void
usage(void)
{
	fprintf(stderr, "usage: rcptbuild [-nfv]\n");
	exit(EXIT_TEMPFAIL);
}

static void
fail(void)
{
	errx(EXIT_TEMPFAIL, "%s", report.trouble);
}

static void
verbose(const char *text)
{
	if (options.verbose)
		warnx("%s", text);
}

/* What is written to a descriptor from 0 to 2 that was closed must not end up in a data file.
 */
static void
plug_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static void
go_home(void)
{
	const char *home = getenv("RCPTCHECK_HOME");

	if (home == NULL || home[0] == '\0')
		home = CONF_HOME;
	if (chdir(home) == -1)
		err(EXIT_TEMPFAIL, "%s: make it, or set RCPTCHECK_HOME", home);
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

/* SQLite keeps its -wal and -journal beside the file, not beside a link to it. */
static void
resolve_link(void)
{
	struct stat st;

	if (lstat(DATABASE, &st) == 0 && S_ISLNK(st.st_mode) &&
	    realpath(DATABASE, real_path) != NULL)
		database = real_path;
}

/* One at a time; the others wait. Returns a descriptor of the folder. */
static int
lock_data(void)
{
	int fd = open("data", O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = -1;
	int64_t deadline = deadline_now() + LOCK_WAIT;
	bool told = false;

	if (fd == -1)
		err(EXIT_TEMPFAIL, "the folder data in the home of rcptcheck");
	if (options.check)
		return fd;
	lock = open(LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock == -1)
		err(EXIT_TEMPFAIL, LOCK ": run rcptbuild as the owner of data");
	while (flock(lock, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			err(EXIT_TEMPFAIL, "data: cannot be locked");
		if (deadline_left(deadline) == 0)
			errx(EXIT_TEMPFAIL,
			    "data: another rcptbuild has had it locked for %d s: see what it "
			    "waits for",
			    LOCK_WAIT / 1000);
		if (!told)
			verbose("waiting for another rcptbuild");
		told = true;
		poll(NULL, 0, 50);
	}
	return fd;
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
	switch (cachekeep_maintain(CACHE, options.force, &what)) {
	case 1:
		warnx("%s: made anew: %s", CACHE, what);
		break;
	case -1:
		line_start(&line);
		line_add(&line, CACHE ": ");
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
	return options.verbose || options.force || options.check || isatty(STDERR_FILENO);
}

static bool
is_nothing_to_do(int64_t now)
{
	return !options.check && !options.force && have_previous && report.digest == 0 &&
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

/* Bad rows: says so and remembers only that, so that the next run reads them again. */
static void
reject(int folder, int64_t now)
{
	say(now);
	if (isatty(STDERR_FILENO) || options.verbose)
		warnx("%zu bad, so " CDB " stays as it is until they are corrected",
		    report.lists[REPORT_BAD].count);
	if (!options.check) {
		old.said = next.said;
		old.said_at = next.said_at;
		memset(&old.database, 0, sizeof(old.database));
		if (state_save(&old, STATE, folder) == -1)
			err(EXIT_TEMPFAIL, STATE);
	}
	exit(EXIT_REJECT);
}

/*
 * A database that is lost or emptied must not turn into a CDB without domains: everything would be
 * accepted. Two records, the mark and the settings, are in each CDB.
 */
static void
guard_lost_database(void)
{
	struct stat st;

	if (stat(database, &st) == 0 && st.st_size > 0)
		return;
	if (access(CDB, F_OK) == -1 ||
	    (have_previous && (previous.blocks - previous.tables) / 16 <= 2))
		return;
	errx(EXIT_TEMPFAIL,
	    DATABASE " is gone or empty, but " CDB
		     " was made of it and stays in use: restore it, or remove " CDB
		     " to begin anew");
}

static void
read_database(void)
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
judge(void)
{
	struct host_self self;

	if (host_self_load(&self) == -1)
		err(EXIT_TEMPFAIL, "the addresses of this host");
	if (judge_servers(&source, &self, &report) == -1)
		fail();
	host_self_free(&self);
	if (report.lists[REPORT_BAD].count == 0)
		judge_rest(&source, source.global.helo, &report);
}

/* Everything on which the contents of the CDB depend. */
static uint64_t
digest(void)
{
	uint64_t sum = checksum_add(source.digest, &next.program, sizeof(next.program));

	sum = checksum_add(sum, source.global.helo, strlen(source.global.helo));
	for (uint32_t i = 0; i < source.host_names.count; i++) {
		const struct source_addresses *addresses = &source.of_host_name[i];

		sum = checksum_add_number(sum, addresses->count);
		sum = checksum_add(
		    sum, addresses->servers, addresses->count * sizeof(*addresses->servers));
	}
	return sum;
}

static void
build(int folder, int64_t now, int64_t started)
{
	int fd = publish_start(CDB, CDB_MODE);
	struct compile_counts counts;

	if (fd == -1)
		err(EXIT_TEMPFAIL, CDB ".tmp: cannot be created");
	if (compile_write(&source, fd, now, CDBWRITER_LIMIT, &report, &counts) == -1) {
		publish_abandon(fd, CDB);
		fail();
	}
	if (publish_finish(fd, CDB, folder) == -1)
		err(EXIT_TEMPFAIL, CDB ": cannot be replaced");
	state_stamp(&next.cdb, CDB);
	printf("rcptbuild: %u domains, %u aliases, %u servers, 0 users, %llu bytes, %lld ms\n",
	    counts.domains, counts.aliases, counts.servers, (unsigned long long)counts.bytes,
	    (long long)(deadline_now() - started));
}

int
main(int argc, char **argv)
{
	int64_t started = deadline_now(), now = (int64_t)time(NULL);
	struct compile_counts counts;
	int option, folder;

	plug_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is like a full disk */
	while ((option = getopt(argc, argv, "nfv")) != -1) {
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
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();

	go_home();
	make_folders();
	folder = lock_data();
	state_load(&old, STATE);
	resolve_link();
	state_look(&next, database, CDB);
	have_previous = cdbfile_open(&previous, CDB) == 0;
	if (!options.check)
		maintain_cache();
	if (is_nothing_to_do(now)) {
		verbose("nothing to do");
		return 0;
	}

	if (!options.check) {
		publish_tidy(CDB);
		publish_tidy(STATE);
	}
	guard_lost_database();
	read_database();
	if (report.lists[REPORT_BAD].count == 0) {
		resolve(now);
		judge();
	}
	if (report.lists[REPORT_BAD].count > 0)
		reject(folder, now);
	next.digest = digest();
	if (options.check) {
		say(now);
		if (compile_count(&source, &report, &counts) == -1)
			fail();
		if (options.verbose)
			warnx("no bad rows: %u domains, %u aliases, %u servers", counts.domains,
			    counts.aliases, counts.servers);
		return 0;
	}
	if (options.force || !have_previous || old.digest != next.digest ||
	    !state_same_file(&old.cdb, &next.cdb))
		build(folder, now, started);
	else
		verbose("nothing has changed: " CDB " stays as it is");
	say(now);
	if (state_save(&next, STATE, folder) == -1)
		err(EXIT_TEMPFAIL, STATE ": cannot be written");
	return 0;
}
