/*
 * rcptwrap: puts the check of recipients in front of an SMTP server that has no place for it.
 *
 *	tcpserver ... rcptwrap [-kt] [-l limit] [-w seconds] program [argument ...]
 *
 * The server keeps the process that tcpserver made, and so its signals and exit code; a child of it
 * holds the connection and relays. See rcptwrap(8).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "wraplog.h"
#include "wraprelay.h"
#include "wrapspawn.h"

#define DONE       0
#define TEMPFAIL   111
#define WAIT       60 /* seconds for a check */
#define WAIT_MAX   3600
#define LIMIT_MAX  1000000
#define PATH_SIZE  512
#define CHECK_PATH "/bin/rcptcheck"

static const char usage_text[] =
    "usage: rcptwrap [-kt] [-l limit] [-w seconds] program [argument ...]";

static _Noreturn void
die(const char *what, int number)
{
	wraplog("trouble", what, number);
	_exit(TEMPFAIL);
}

static unsigned
number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value > max)
		die(usage_text, 0);
	return (unsigned)value;
}

static void
parse_options(struct wraprelay_terms *terms, int argc, char **argv)
{
	int option;

	opterr = 0;
	terms->wait = WAIT * 1000;
	while ((option = getopt(argc, argv, "+kl:tw:")) != -1) {
		switch (option) {
		case 'k':
			terms->keeps = true;
			break;
		case 'l':
			terms->limit = number(optarg, LIMIT_MAX);
			terms->has_limit = true;
			break;
		case 't':
			terms->starttls = true;
			break;
		case 'w':
			terms->wait = (int64_t)number(optarg, WAIT_MAX) * 1000;
			break;
		default:
			die(usage_text, 0);
		}
	}
	if (optind == argc || terms->wait == 0)
		die(usage_text, 0);
}

static void
find_check(struct wraprelay_terms *terms)
{
	static char path[PATH_SIZE];

	terms->home = getenv("RCPTCHECK_HOME");
	if (terms->home == NULL || terms->home[0] == '\0')
		terms->home = CONF_HOME;
	terms->program = getenv("RCPTCHECK");
	if (terms->program != NULL && terms->program[0] != '\0')
		return;
	if (snprintf(path, sizeof(path), "%s" CHECK_PATH, terms->home) >= (int)sizeof(path))
		die("the path of the home is too long", 0);
	terms->program = path;
}

/* The server asks nobody: what reaches it was checked, or is not to be. */
static _Noreturn void
run_server(char **program)
{
	(void)unsetenv("RCPTCHECK");
	execvp(program[0], program);
	die("the server can't be started", errno);
}

int
main(int argc, char **argv)
{
	struct wraprelay_terms terms = {0};
	int to_server[2], from_server[2];

	if (descriptors_plug(STDIN_FILENO) == -1 || descriptors_plug(STDOUT_FILENO) == -1 ||
	    descriptors_plug(STDERR_FILENO) == -1)
		_exit(TEMPFAIL);
	parse_options(&terms, argc, argv);
	find_check(&terms);
	if (getenv("RELAYCLIENT") != NULL)
		run_server(argv + optind);
	if (wrapspawn_pipe(to_server, 1) == -1 || wrapspawn_pipe(from_server, 0) == -1)
		die("no pipe to the server", errno);
	switch (fork()) {
	case -1:
		die("no process for the relay", errno);
	case 0:
		close(to_server[0]);
		close(from_server[1]);
		wraprelay_run(&terms, to_server[1], from_server[0]);
		_exit(DONE);
	default:
		if (dup2(to_server[0], STDIN_FILENO) == -1 ||
		    dup2(from_server[1], STDOUT_FILENO) == -1)
			die("no descriptors for the server", errno);
		run_server(argv + optind); /* the pipes close with it */
	}
}
