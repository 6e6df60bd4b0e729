/*
 * A program for passwords: what it gets, what it says, and that it can be ended.
 */
#include "door/checkpw.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "door/checkpwlost.h"
#include "tap.h"

/* Writes what is on descriptor 3, and what it is told of the client. */
static char script[] = "{ cat <&3; printf '|%s' \"$TCPREMOTEIP\" \"${TCPREMOTEPORT-none}\"; } "
		       "| tr '\\0' , >\"$1\"; "
		       "exec \"$2\"";

static char got[200];

static int
ran(char **arguments, int count, const char *user, const char *password, const char *client)
{
	struct checkpw checkpw;
	int status = -1;
	pid_t child;

	if (checkpw_setup(&checkpw, arguments, count) == -1)
		return -2;
	child = checkpw_start(&checkpw, user, password, client);
	if (child != -1)
		(void)waitpid(child, &status, 0);
	free(checkpw.arguments);
	free(checkpw.environment);
	return child == -1 ? -1 : (int)checkpw_result(status);
}

static int
said(const char *what)
{
	char shell[] = "/bin/sh", option[] = "-c", text[64];
	char *arguments[] = {shell, option, text};

	snprintf(text, sizeof(text), "%s", what);
	return ran(arguments, 3, "u", "p", "");
}

/* Those that do not end keep no place, but only so many. None of these is in a group of its own. */
static void
test_lost(void)
{
	static struct checkpwlost lost;
	pid_t children[CHECKPWLOST_MAX + 1];
	int error, status, killed = 0, errors = 0, given_up = 0, gone = 0;

	for (int i = 0; i <= CHECKPWLOST_MAX; i++) {
		children[i] = fork();
		if (children[i] == 0)
			for (;;)
				pause();
		given_up += checkpwlost_add(&lost, children[i], &error);
		errors += error != 0;
	}
	is_int(given_up, CHECKPWLOST_MAX, "so many are given up");
	is_int(errors, 0, "without trouble");
	for (int i = 0; i <= CHECKPWLOST_MAX; i++)
		killed += waitpid(children[i], &status, 0) == children[i] &&
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	is_int(killed, CHECKPWLOST_MAX + 1, "each is ended, though it leads no group");
	for (int i = 0; i <= CHECKPWLOST_MAX; i++)
		gone += checkpwlost_remove(&lost, children[i]);
	is_int(gone, CHECKPWLOST_MAX, "and known again");
	is_int((long long)lost.count, 0, "none is left");
}

int
main(void)
{
	char shell[] = "/bin/sh", option[] = "-c", name[] = "sh",
	     file[] = "/tmp/checkpw.XXXXXX";
	char true_path[] = "/bin/true", absent[] = "/nonexistent/checkpassword";
	char *arguments[] = {shell, option, script, name, file, true_path};
	char *missing[] = {absent};
	char longest[CHECKPW_BYTES];
	struct checkpw checkpw;
	FILE *stream;
	pid_t child;
	int status;

	setenv("TCPREMOTEIP", "192.0.2.9", 1);
	setenv("TCPREMOTEPORT", "99", 1);
	close(mkstemp(file));
	is_int(ran(arguments, 6, "alice", "pass word", "203.0.113.7"), CHECKPW_RIGHT, "right");
	stream = fopen(file, "r");
	ok(stream != NULL && fgets(got, sizeof(got), stream) != NULL, "it was run");
	got[strcspn(got, "\n")] = '\0';
	is_str(got, "alice,pass word,,|203.0.113.7|none", "what it gets");
	if (stream != NULL)
		fclose(stream);
	remove(file);
	is_int(said("exit 1"), CHECKPW_WRONG, "wrong");
	is_int(said("exit 2"), CHECKPW_TEMPORARY, "misused");
	is_int(said("exit 111"), CHECKPW_TEMPORARY, "temporary");
	is_int(said("exit 100"), CHECKPW_TEMPORARY, "what means nothing");
	is_int(said("kill -9 $$"), CHECKPW_TEMPORARY, "killed");
	is_int(ran(missing, 1, "u", "p", ""), -1, "it is not there");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 3] = '\0';
	is_int(ran(arguments, 6, "u", longest, ""), -1, "a password that is too long");
	is_int(errno, EMSGSIZE, "says so");

	snprintf(script, sizeof(script), "sleep 100");
	if (checkpw_setup(&checkpw, arguments, 3) == -1)
		return 1;
	child = checkpw_start(&checkpw, "u", "p", "");
	ok(child > 0, "one that hangs");
	checkpw_stop(child);
	ok(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGKILL,
	    "is ended");
	free(checkpw.arguments);
	free(checkpw.environment);
	test_lost();
	return tap_done();
}
