/*
 * relaywrap: sets RELAYCLIENT if the client has logged in lately, then runs the next program,
 * whatever has happened; see relaywrap(8).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/homefolder.h"
#include "complain.h"
#include "nextprogram.h"
#include "relayfind.h"

#define TEMPFAIL 111

#define WAIT 200 /* ms for a lock on relay.db, if relay.cdb is not to be had */

static const char usage[] = "usage: relaywrap [-c value] prog ...";

static const char *name = "relaywrap";

static void
look_up(const char *value)
{
	const char *home = homefolder(), *address = getenv("TCPREMOTEIP");
	struct relayfind_trouble trouble;
	enum relayfind found;

	if (address == NULL)
		address = getenv("TCP6REMOTEIP");
	found = relayfind(home, address, time(NULL), WAIT, &trouble);
	if (trouble.text[0] != '\0')
		complain(
		    name, found == RELAYFIND_YES ? "relaying" : "no relaying", trouble.text);
	if (found == RELAYFIND_YES && setenv("RELAYCLIENT", value, 1) == -1)
		complain(name, "RELAYCLIENT", strerror(errno));
}

int
main(int argc, char **argv)
{
	static char beside[PATH_MAX];
	const char *value = getenv("RELAYWRAP_VALUE");
	char **program;
	int option;

	for (int fd = 0; fd <= 2; fd++)
		(void)descriptors_plug(fd);
	name = nextprogram_own_name(argc > 0 ? argv[0] : NULL);
	if (value == NULL)
		value = "";
	if (argc > 0 && strcmp(name, "relaywrap") != 0) {
		/* In the place of qmail-smtpd, say, and with its arguments. */
		nextprogram_beside(beside, argv[0]);
		argv[0] = beside;
		program = argv;
	} else {
		opterr = 0;
		while ((option = getopt(argc, argv, "+c:")) != -1) {
			if (option != 'c') {
				complain(name, usage, NULL);
				exit(TEMPFAIL);
			}
			value = optarg;
		}
		program = argv + optind;
	}
	if (argc < 1 || program[0] == NULL) {
		complain(name, usage, NULL);
		exit(TEMPFAIL);
	}
	if (getenv("RELAYCLIENT") == NULL)
		look_up(value);
	(void)execvp(program[0], program);
	complain(name, program[0], strerror(errno));
	exit(TEMPFAIL);
}
