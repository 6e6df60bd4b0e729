/*
 * relaymark: somebody has logged in; tells relayd from where, then runs the next program, whatever
 * has happened; see relaymark(8).
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/deadline.h"
#include "base/descriptors.h"
#include "base/homefolder.h"
#include "complain.h"
#include "logindb.h"
#include "login.h"
#include "nextprogram.h"
#include "refresh.h"
#include "relayrow.h"
#include "strictdoor.h"
#include "tell.h"

#define TEMPFAIL 111

#define WAIT       500 /* ms that a user waits for relayd at most */
#define WAIT_MAX   10000
#define EVERY      300  /* seconds between two marks of -r */
#define AGAIN_WAIT 1000 /* ms that such a mark may take */

static const char usage[] =
    "usage: relaymark [-or] [-i seconds] [-s source] [-t milliseconds] [prog ...]";

/* Debian's Courier runs one program with one argument: the name says what is to follow. */
static const struct {
	const char *name, *program;
} successors[] = {
    {"relaymark-pop3d", "/usr/lib/courier/courier/courierpop3d"},
    {"relaymark-imapd", "/usr/bin/imapd"},
};

static struct relaymark {
	const char *name; /* by which we were called */
	const char *home, *source;
	char **program;
	bool open_door, stays;
	int64_t wait; /* ms */
	long every;   /* seconds */
	int door;     /* descriptor, -1: none */
	struct login login;
	struct tell tell;
} relaymark = {.wait = WAIT, .every = EVERY, .door = -1};

static void
say(const char *what, const char *detail)
{
	complain(relaymark.name, what, detail);
}

/* Decimal digits up to max; -1: that is none. */
static long
parse_number(const char *text, long max)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' || number < 0 || number > max ? -1
										       : number;
}

static void
set_wait(const char *text)
{
	long wait = parse_number(text, WAIT_MAX);

	if (wait == -1)
		say("not a number of milliseconds up to 10000", text);
	else
		relaymark.wait = wait;
}

static void
set_every(const char *text)
{
	long every = parse_number(text, 24L * 60 * 60);

	if (every < 1)
		say("not a number of seconds up to a day", text);
	else
		relaymark.every = every;
}

/*
 * Wrong options cost a mark or a refresh, and a line of the log; the user gets his mail. Where no
 * program follows, nobody waits for one.
 */
static void
parse_options(int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "+i:ors:t:")) != -1) {
		switch (option) {
		case 'i':
			set_every(optarg);
			break;
		case 'o':
			relaymark.open_door = true;
			break;
		case 'r':
			relaymark.stays = true;
			break;
		case 's':
			relaymark.source = optarg;
			break;
		case 't':
			set_wait(optarg);
			break;
		default:
			say(usage, NULL);
		}
	}
	relaymark.program = argv + optind;
}

/* The program of a name without arguments of its own, with what we were given. */
static void
set_successor(const char *program, int argc, char **argv)
{
	const char *configured = getenv("RELAYMARK_PROG");
	static char path[PATH_MAX];

	if (configured != NULL && configured[0] != '\0')
		program = configured;
	snprintf(path, sizeof(path), "%s", program);
	if (argc < 1)
		return;
	argv[0] = path;
	relaymark.program = argv;
}

static void
parse_arguments(int argc, char **argv)
{
	static char *nothing[] = {NULL};
	char path[PATH_MAX];
	const char *name = nextprogram_own_name(argc > 0 ? argv[0] : NULL);
	const char *wait = getenv("RELAYMARK_WAIT");

	relaymark.program = nothing;
	relaymark.name = name;
	relaymark.home = homefolder();
	if (wait != NULL)
		set_wait(wait);
	if (strcmp(name, "relaymark") == 0) {
		parse_options(argc, argv);
		return;
	}
	/* The old chain of Courier has no options, but arguments. */
	if (strcmp(name, "authpostfix") == 0) {
		relaymark.program = argc > 0 ? argv + 1 : nothing;
		return;
	}
	for (size_t i = 0; i < sizeof(successors) / sizeof(successors[0]); i++) {
		if (strcmp(name, successors[i].name) == 0) {
			set_successor(successors[i].program, argc, argv);
			return;
		}
	}
	nextprogram_beside(path, argc > 0 ? argv[0] : NULL);
	if (strchr(path, '/') != NULL && access(path, X_OK) == 0)
		set_successor(path, argc, argv);
	else
		parse_options(argc, argv); /* only another name for us */
}

static int
open_tell(void)
{
	if (relaymark.door != -1)
		return tell_open_in(&relaymark.tell, relaymark.door, 1);
	return tell_open(&relaymark.tell, relaymark.home, 1);
}

/* Returns whether the mark is made, or on its way at least. */
static bool
mark(int64_t wait)
{
	const struct login *login = &relaymark.login;
	struct tell *tell = &relaymark.tell;
	uint64_t refused = tell->refused;
	const char *why = tell_mark(tell, login->address, login->user, strlen(login->user),
	    relaymark.source != NULL ? relaymark.source : login->source);

	if (why != NULL) {
		char text[512];

		snprintf(text, sizeof(text), "'%.200s': %s", login->address, why);
		say("no mark for the client's address", text);
		return false;
	}
	if (tell_wait(tell, deadline_now() + wait) == 0 && tell->refused == refused)
		return true;
	say("no mark",
	    tell->trouble[0] != '\0' ? tell->trouble : "relayd did not answer in time");
	return true;
}

static bool
has_program(void)
{
	return relaymark.program != NULL && relaymark.program[0] != NULL;
}

/* Whether there is one whose session can be followed. */
static bool
mark_first(void)
{
	const char *database = getenv("LOGINDB");

	if (login_read(&relaymark.login) == 0)
		return false;
	if (!logindb_is_ours(database, relaymark.home)) {
		char text[600];

		snprintf(text, sizeof(text),
		    "%.200s is not a database of this program, which writes none but "
		    "%.200s/" RELAYROW_DATABASE ": unset LOGINDB, or set it to sqlite: and "
		    "that path",
		    database, relaymark.home);
		say("LOGINDB: no mark", text);
		if (!has_program())
			exit(TEMPFAIL);
		return false;
	}
	if (open_tell() == -1) {
		say("no mark", strerror(errno));
		return false;
	}
	return mark(relaymark.wait);
}

static _Noreturn void
run(void)
{
	char **program = relaymark.program;

	if (!has_program())
		exit(0);
	(void)execvp(program[0], program);
	say(program[0], strerror(errno));
	exit(TEMPFAIL);
}

/* A new connection each time: thousands of sessions need none that is open all the time. */
static int64_t
mark_again(void *context)
{
	int64_t every = relaymark.every * 1000L, expire;

	(void)context;
	if (open_tell() == 0)
		(void)mark(AGAIN_WAIT);
	expire = relaymark.tell.expire * 1000;
	tell_close(&relaymark.tell);
	if (expire > 0 && expire / 3 < every)
		every = expire / 3;
	return every < 1000 ? 1000 : every;
}

/* The connection is the child's; so are the descriptors that it was given. */
static void
let_go(void)
{
	(void)descriptors_silence(STDIN_FILENO);
	(void)descriptors_silence(STDOUT_FILENO);
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		if (fd != relaymark.door)
			(void)close(fd);
}

static void
stay(void)
{
	int64_t expire = relaymark.tell.expire * 1000, every = relaymark.every * 1000L;
	pid_t child;

	tell_close(&relaymark.tell);
	switch (refresh_start(&child)) {
	case 0:
		return;
	case -1:
		say("the session is not followed", strerror(errno));
		return;
	}
	let_go();
	if (expire > 0 && expire / 3 < every)
		every = expire / 3 < 1000 ? 1000 : expire / 3;
	refresh_wait(child, every, mark_again, NULL);
}

int
main(int argc, char **argv)
{
	bool marked;

#ifdef __linux__
	/* Who runs as the same user shall not take the descriptor of the strict door from us. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	for (int fd = 0; fd <= 2; fd++)
		(void)descriptors_plug(fd);
	parse_arguments(argc, argv);
	if (relaymark.open_door) {
		if (strictdoor_open(relaymark.home) == -1)
			say("the door to relayd cannot be opened", strerror(errno));
		run();
	}
	relaymark.door = strictdoor_take();
	marked = mark_first();
	if (marked && relaymark.stays && has_program())
		stay();
	run();
}
