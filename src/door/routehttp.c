/*
 * routehttp: answers nginx's mail proxy (auth_http): who may log in, and to which server; see
 * routehttp(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "authdesk.h"
#include "authlisten.h"
#include "base/become.h"
#include "base/descriptors.h"
#include "base/sandbox.h"
#include "home.h"
#include "rcpt/verdict.h"
#include "servelog.h"

#define KEY_MAX       256
#define ARGUMENTS_MAX 64
#define DESCRIPTORS   (2 * AUTHDESK_SESSIONS + 256)

static const char usage_text[] =
    "usage: routehttp [-v] [-k file] [-s ip[:port]] [-x] [-u path | -p [ip:]port]\n"
    "                 [-c program [argument ...]]\n";

static struct options {
	bool verbose;
	const char *key_file, *smtp, *path, *port, *program;
	char **arguments; /* of the program */
	int count;
} options;

static struct authdesk desk;
static struct checkpw checkpw;
static char key[KEY_MAX + 1];
static char route[PATH_MAX], cache[PATH_MAX], data[PATH_MAX], run[PATH_MAX];
static char live[PATH_MAX], map[PATH_MAX];

static _Noreturn void
usage(void)
{
	if (!descriptors_stderr_is_protocol())
		fputs(usage_text, stderr);
	exit(EXIT_TEMPFAIL);
}

static void
log_text(const char *what, const char *detail)
{
	struct line line;

	line_start(&line);
	line_add(&line, "routehttp: ");
	line_add_foreign(&line, what, strlen(what), 512);
	line_add(&line, ": ");
	line_add_foreign(&line, detail, strlen(detail), 512);
	servelog_line(&line);
}

static _Noreturn void
die(const char *what, const char *detail)
{
	log_text(what, detail);
	exit(EXIT_TEMPFAIL);
}

static void
parse_options(int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "+vxk:s:u:p:c:")) != -1) {
		switch (option) {
		case 'v':
			options.verbose = true;
			break;
		case 'x':
			desk.policy.alone = true;
			break;
		case 'k':
			options.key_file = optarg;
			break;
		case 's':
			options.smtp = optarg;
			break;
		case 'u':
			options.path = optarg;
			break;
		case 'p':
			options.port = optarg;
			break;
		case 'c':
			options.program = optarg;
			break;
		default:
			usage();
		}
	}
	if ((options.path != NULL && options.port != NULL) ||
	    (optind < argc && options.program == NULL) ||
	    /* Of all ways only a socket has a mode that can say who may ask. */
	    (desk.policy.alone && options.path == NULL))
		usage();
	options.count = argc - optind;
	options.arguments = argv + optind;
}

/* Its first line. */
static void
read_key(void)
{
	int fd;
	ssize_t len;

	if (options.key_file == NULL)
		return;
	fd = open(options.key_file, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		die(options.key_file, strerror(errno));
	len = read(fd, key, sizeof(key));
	if (len == -1)
		die(options.key_file, strerror(errno));
	close(fd);
	if (len == (ssize_t)sizeof(key))
		die(options.key_file, "a key has 256 bytes at most");
	key[len] = '\0';
	key[strcspn(key, "\r\n")] = '\0';
	if (key[0] == '\0')
		die(options.key_file, "there is no key in it");
	/* No header has such a value, so nobody could ever ask. */
	if (!authreply_is_value(key))
		die(options.key_file,
		    "a key can't begin or end with a blank, or have control bytes in it");
	desk.policy.key = key;
	desk.policy.trusted = true;
}

static void
set_path(char path[PATH_MAX], const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/%s", home_path(), name) >= PATH_MAX)
		die("the path of the home directory is too long", home_path());
}

static void
set_paths(void)
{
	set_path(data, "data");
	set_path(cache, "cache");
	set_path(route, "route");
	set_path(run, "run");
	set_path(live, LIVEFILE);
	set_path(map, MAP_FILE);
	desk.live_path = live;
	if (map_start(&desk.map, map) == -1 || checker_open(&desk.checker, home_path()) == -1)
		die("the path of the home directory is too long", home_path());
	desk.checker.can_defer = true;
}

static void
set_program(void)
{
	static char *arguments[ARGUMENTS_MAX + 1];

	if (options.program == NULL)
		return;
	if (options.program[0] != '/')
		die(options.program, "must be a full path");
	if (access(options.program, X_OK) == -1)
		die(options.program, strerror(errno));
	if (options.count >= ARGUMENTS_MAX)
		die(options.program, "too many arguments");
	arguments[0] = (char *)(uintptr_t)options.program;
	memcpy(arguments + 1, options.arguments, (size_t)options.count * sizeof(char *));
	if (checkpw_setup(&checkpw, arguments, 1 + options.count) == -1)
		die("memory", strerror(errno));
	desk.checkpw = &checkpw;
	desk.policy.checkpw = true;
}

static void
open_listener(void)
{
	struct record_server server;

	desk.listener = -1;
	if (options.path != NULL) {
		desk.listener = authlisten_unix(options.path);
		if (desk.listener == -1)
			die(options.path,
			    errno == EEXIST ? "is there, and no socket" : strerror(errno));
		desk.policy.trusted = true;
	} else if (options.port != NULL) {
		if (!authlisten_parse(&server, options.port, 0, true))
			die(options.port, "is no [ip:]port");
		if (!authlisten_is_loopback(&server) && desk.policy.key == NULL)
			die(options.port,
			    "anybody could try passwords there: give a key (-k), or listen on "
			    "the loopback address");
		desk.listener = authlisten_tcp(&server);
		if (desk.listener == -1)
			die(options.port, strerror(errno));
	}
}

/*
 * A program for passwords needs root as a rule; all else does not. SQLite's files are nothing for root
 * (checker.c goes into their folder for good, and could start no program from there).
 */
static void
lay_root_down(void)
{
	if (options.program != NULL) {
		if (geteuid() == 0)
			desk.no_recipients = "root";
		return;
	}
	if (access(run, F_OK) == -1)
		die(run, "is missing: routehttp is to go on as its owner");
	/* Who has no map, but recipients, needs no folder route. */
	if (become_owner(run, access(route, F_OK) == -1 && errno == ENOENT ? NULL : route) !=
	    -1)
		return;
	if (errno == EINVAL)
		die(run,
		    "belongs to root or root's group: chown it to the user and group that "
		    "routehttp is to run as (chown qmaild:nofiles)");
	die("root's rights cannot be laid down", strerror(errno));
}

/*
 * For one that stays; a program for passwords could not work in it. A folder that is not there yet can't be
 * let into it.
 */
static void
enter_sandbox(void)
{
	const struct sandbox_path all[] = {{data, false}, {cache, true}, {route, true}};
	struct sandbox_path paths[sizeof(all) / sizeof(all[0])];
	size_t count = 0;
	struct rlimit limit;

	if (desk.listener == -1)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS) {
		limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (options.program != NULL)
		return;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (access(all[i].path, F_OK) == 0)
			paths[count++] = all[i];
		else
			log_text(all[i].path, "is not there: restart routehttp once it is");
	}
	if (sandbox_limits(DESCRIPTORS) == -1 || sandbox_enter(paths, count) == -1)
		die("sandbox", strerror(errno));
}

/* RCPTCHECK_LOG wins over the setting; -1: there is none. */
static int
log_level(void)
{
	static const char *const levels[] = {"trouble", "reject", "all"};
	const char *wish = getenv("RCPTCHECK_LOG");

	if (options.verbose)
		return LOG_LEVEL_ALL;
	for (size_t i = 0; wish != NULL && i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(wish, levels[i]) == 0)
			return (int)i;
	return -1;
}

int
main(int argc, char **argv)
{
	parse_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* of the cache: new answers are not remembered then */
	if (options.path != NULL || options.port != NULL) {
		/* Nobody is there, but 2 is to be the log. */
		signal(SIGHUP, SIG_IGN);
		if (descriptors_silence(STDIN_FILENO) == -1 ||
		    descriptors_silence(STDOUT_FILENO) == -1)
			exit(EXIT_TEMPFAIL);
	}
	if (servelog_open("routehttp", false) == -1)
		exit(EXIT_TEMPFAIL);
	set_paths();
	read_key();
	set_program();
	if (options.smtp != NULL && !authlisten_parse(&desk.smtp, options.smtp, 25, false))
		die(options.smtp, "is no ip[:port]");
	desk.log = servelog_line;
	desk.level = log_level();
	open_listener();
	lay_root_down();
	enter_sandbox();
	if (authdesk_start(&desk) == -1)
		die("start", strerror(errno));
	if (desk.listener == -1 && authdesk_add(&desk, STDIN_FILENO, STDOUT_FILENO) == -1)
		die("memory", strerror(errno));
	authdesk_run(&desk);
	exit(0);
}
