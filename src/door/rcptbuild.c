/*
 * rcptbuild: compiles data/rcptcheck.db to data/rcptcheck.cdb.
 *
 *	rcptbuild [-nfv] [-u name | -m name < list]
 *
 * -n only checks, -f builds though nothing has changed or a list has shrunk, -v says more, -u
 * stores a list of users, -m one of mailboxes. Exits 0, 100 for bad rows, or 111. Run by cron
 * every minute; when nothing has changed it looks at a few files and is done.
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

#include "base/descriptors.h"
#include "build.h"
#include "home.h"
#include "lists.h"
#include "rcpt/verdict.h"
#include "routes.h"
#include "run.h"
#include "state.h"

#define LOCK_WAIT 50000 /* ms: less than cron's minute */

static struct options {
	bool check, force, verbose;
	const char *feed;      /* the name of the one that comes from standard input, or NULL */
	const char *mailboxes; /* the same for a list of mailboxes */
} options;

static struct build build;

static void
usage(void)
{
	fprintf(stderr, "usage: rcptbuild [-nfv] [-u name | -m name < list]\n");
	exit(EXIT_TEMPFAIL);
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
	if (options.verbose)
		warnx("waiting for another rcptbuild");
}

/* One at a time; the others wait. -n changes nothing and needs no lock. Returns a descriptor of data. */
static int
lock_data(void)
{
	int folder = open("data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder == -1)
		err(EXIT_TEMPFAIL, "the folder data in the home of rcptcheck");
	if (options.check)
		return folder;
	if (home_lock(LOCK_WAIT, tell_waiting) == -1) {
		if (errno == EWOULDBLOCK)
			errx(EXIT_TEMPFAIL,
			    "data: another rcptbuild has had it locked for %d s: see what it "
			    "waits for",
			    LOCK_WAIT / 1000);
		err(EXIT_TEMPFAIL, HOME_LOCK ": run rcptbuild as the owner of data");
	}
	return folder;
}

/* Is somebody there who wants to see all messages, even if they were printed before? */
static bool
is_watched(void)
{
	return options.verbose || options.force || options.check || options.feed != NULL ||
	    options.mailboxes != NULL || isatty(STDERR_FILENO);
}

/* -f with a list forgives that one alone. */
static bool
forgives_all(void)
{
	return options.force && options.feed == NULL && options.mailboxes == NULL;
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

/* The list from standard input, if there is one: a descriptor. *bad is why it is bad as a whole, or NULL. */
static int
receive_feed(const char **bad)
{
	static struct report report;
	int feed;

	*bad = NULL;
	if (options.feed == NULL && options.mailboxes == NULL)
		return -1;
	if ((feed = lists_receive(bad, &report)) == -1)
		errx(EXIT_TEMPFAIL, "%s", report.trouble);
	if (options.force)
		*bad = NULL;
	return feed;
}

/* Each file by itself: neither waits until all is well with the other. */
static int
build_both(const struct run_options *common)
{
	struct run_options recipients = *common, mailboxes = *common;
	int code, routes;

	recipients.feed = options.feed;
	mailboxes.feed = options.mailboxes;
	if ((code = build_start(&build, &recipients)) != 0)
		return code;
	routes = routes_build(&mailboxes);
	code = build_run(&build);
	return code == 0 ? routes : code;
}

int
main(int argc, char **argv)
{
	struct run_options common = {0};
	int code;

	/* What is written to one that was closed must not end up in a data file. */
	for (int fd = 0; fd <= 2; fd++)
		descriptors_plug(fd);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is like a full disk */
	parse_options(argc, argv);

	go_home();
	make_folders();
	common.check = options.check;
	common.force = options.force;
	common.verbose = options.verbose;
	common.watched = is_watched();
	common.forgiven = forgives_all();
	common.fd = receive_feed(&common.bad_feed);
	common.folder = lock_data();
	common.now = (int64_t)time(NULL);
	common.database = home_database();
	code = build_both(&common);
	if (!options.check)
		state_end(HOME_STATE, common.folder, code, (int64_t)time(NULL));
	return code == 0 ? 0 : code == EXIT_REJECT ? EXIT_REJECT : EXIT_TEMPFAIL;
}
