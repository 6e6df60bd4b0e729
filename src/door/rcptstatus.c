/*
 * rcptstatus: health for people and monitoring.
 *
 *	rcptstatus
 *
 * Says in its first line, and by its exit code, whether all is well: 0 ok, 1 warning, 2
 * critical, 3 unknown; the rest fits one screen.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "home.h"
#include "status.h"
#include "statusask.h"
#include "statusbuild.h"
#include "statuscache.h"
#include "statuschecks.h"
#include "statusdesk.h"
#include "statusdesktell.h"
#include "statusmail.h"
#include "statusmemory.h"
#include "statusruns.h"

#define TIME_MAX 40 /* seconds: servers have 25 */

static struct status status;
static struct statusask ask;
static struct statusdesk desk;
static struct checker checker;

/* A cache can be made of which SQLite finds no end. */
static void
ring(int signal_number)
{
	static const char text[] = "RCPTCHECK UNKNOWN - not done in 40 s\n";

	(void)signal_number;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	_exit(STATUS_UNKNOWN);
}

static _Noreturn void
unknown(const char *what, const char *why)
{
	printf("RCPTCHECK UNKNOWN - %s%s\n", what, why);
	exit(STATUS_UNKNOWN);
}

static void
look(void)
{
	struct cdbfile cdb;
	bool have_cdb, have_cache;

	statusdesk_ask(&desk);
	have_cdb = statusbuild_cdb(&status, &cdb, &ask, statusdesk_runs(&desk)) == 0;
	statusruns(&status, have_cdb ? &cdb : NULL, (int64_t)time(NULL));
	/* From here on root is confined: what servers say is read by nobody. */
	have_cache = statuscache_open(&status, &checker);
	if (have_cdb) {
		statusask_run(&ask);
		statusmail_servers(&status, &cdb, &ask);
	}
	if (have_cdb && have_cache)
		statusmemory(&status, &checker.cache, &cdb, &ask);
	statusdesktell(&status, &desk, &ask, have_cdb && have_cache ? &checker.cache : NULL);
	statuschecks(&status, checker.tally_path);
}

int
main(int argc, char **argv)
{
	(void)argv;
	for (int fd = 0; fd <= 2; fd++)
		descriptors_plug(fd);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGALRM, ring);
	alarm(TIME_MAX);
	tzset(); /* while there is an /etc/localtime to read */
	if (argc != 1)
		unknown("usage: rcptstatus", "");
	if (chdir(home_path()) == -1)
		unknown("the home of rcptcheck, or RCPTCHECK_HOME: ", strerror(errno));
	(void)checker_open(&checker, ".");
	look();
	status_print(&status, stdout);
	alarm(0);
	if (fflush(stdout) == EOF || ferror(stdout))
		return STATUS_UNKNOWN;
	return (int)status_level(&status);
}
