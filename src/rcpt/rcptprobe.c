/*
 * rcptprobe: holds connections to the primaries and asks them for all rcptchecks of the host; see
 * rcptprobe(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/become.h"
#include "base/deadline.h"
#include "base/descriptors.h"
#include "base/homefolder.h"
#include "base/sandbox.h"
#include "base/seqsocket.h"
#include "base/stopsignals.h"
#include "desk.h"
#include "probecdb.h"
#include "probelog.h"
#include "probestatus.h"
#include "tlsclient.h"

#define TEMPFAIL 111

#define DESCRIPTORS (CALLERS_MAX + LINKS_MAX + 100)
#define LINKS_MAX   1000 /* connections to servers, in all */
#define POLL_MAX    (2 + CALLERS_READING + LINKS_MAX)
#define ASK_MAX     64 /* questions taken at a time, so that no flood of them stops the rest */
#define LOCK_WAIT   10 /* ms that a lock on the cache may hold up everything */

#define PATH_SIZE CHECKER_PATH_SIZE

struct rcptprobe {
	struct checker checker;
	struct pool pool;
	struct callers callers;
	struct desk desk;
	char home[PATH_SIZE], run[PATH_SIZE], cache[PATH_SIZE], data[PATH_SIZE];
	struct probecdb probecdb;
	int64_t since;   /* seconds since 1970 */
	int64_t refused; /* when we last logged that somebody may not ask (deadline.h) */
};

static int stopping = -1; /* stopsignals.h */
static struct rcptprobe rcptprobe;

static _Noreturn void
die(const char *what, const char *detail)
{
	probelog(what, detail);
	exit(TEMPFAIL);
}

static void
set_path(char *path, const char *name)
{
	if (snprintf(path, PATH_SIZE, "%s/%s", rcptprobe.home, name) >= PATH_SIZE)
		die("the path of the home directory is too long", rcptprobe.home);
}

static void
set_paths(void)
{
	const char *home = homefolder();

	if (snprintf(rcptprobe.home, sizeof(rcptprobe.home), "%s", home) >= PATH_SIZE ||
	    checker_open(&rcptprobe.checker, home) == -1)
		die("the path of the home directory is too long", home);
	set_path(rcptprobe.run, "run");
	set_path(rcptprobe.cache, "cache");
	set_path(rcptprobe.data, "data");
}

/* Who may ask: the users of the setting; without one, whoever may write the cache. */
static void
set_users(const struct settings *settings)
{
	struct callers *callers = &rcptprobe.callers;
	char names[SETTINGS_USERS_SIZE], *rest = names, *name;
	struct stat st;

	memcpy(names, settings->probe_users, sizeof(names));
	while ((name = strtok_r(rest, " ", &rest)) != NULL) {
		const struct passwd *user = getpwnam(name);

		if (user == NULL)
			die("probe_users: there is no such user", name);
		if (callers->user_count == CALLERS_USERS)
			die("probe_users", "more than 32 users");
		callers->users[callers->user_count++] = user->pw_uid;
	}
	if (callers->user_count > 0)
		return;
	if (stat(rcptprobe.cache, &st) == -1)
		die(rcptprobe.cache, strerror(errno));
	callers->any_of_group = st.st_gid != 0;
	callers->group = st.st_gid;
}

static void
lay_root_down(void)
{
	if (become_owner(rcptprobe.run, rcptprobe.cache) != -1)
		return;
	if (errno == EINVAL)
		die(rcptprobe.run,
		    "belongs to root or root's group: chown it to the user and group that "
		    "rcptprobe is to run as (chown qmaild:nofiles)");
	die("root's rights cannot be laid down", strerror(errno));
}

/* The socket, if no other rcptprobe has it. The lock goes with the process, however it ends. */
static void
open_socket(void)
{
	char path[PATH_SIZE];
	int fd;

	set_path(path, "run/probe.lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		die(path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		die("another rcptprobe runs in this home", rcptprobe.home);
	set_path(path, "run/probe.sock");
	if (callers_open(&rcptprobe.callers, path) == -1)
		die(path, seqsocket_reason(errno));
}

static void
enter_sandbox(void)
{
	const struct sandbox_path paths[] = {
	    {rcptprobe.data, false}, {rcptprobe.cache, true}, {rcptprobe.run, true}};
	int descriptors = sandbox_limits(DESCRIPTORS);

	if (descriptors == -1)
		die("setrlimit", strerror(errno));
	rcptprobe.pool.links_max = LINKS_MAX;
	if (descriptors < DESCRIPTORS) {
		rcptprobe.pool.links_max = (size_t)descriptors / 4;
		rcptprobe.callers.max = (size_t)descriptors / 2;
		probelog("few descriptors are allowed: fewer connections at a time", NULL);
	}
	switch (sandbox_enter(paths, sizeof(paths) / sizeof(paths[0]))) {
	case 1:
		break;
	case 0:
		probelog(SANDBOX_NONE, NULL);
		break;
	default:
		die("sandbox", strerror(errno));
	}
}

static void
note_refused(uid_t user)
{
	char text[32];
	int64_t now = deadline_now();

	if (rcptprobe.refused != 0 && now - rcptprobe.refused < 60 * 1000)
		return;
	rcptprobe.refused = now;
	snprintf(text, sizeof(text), "%lld", (long long)user);
	probelog("a question was refused, of the user", text);
}

static void
tell_status(void *context, const struct line *line)
{
	unsigned char message[WIRE_SIZE_MAX];
	size_t len = wire_make_word(message, WIRE_TEXT), text = line->len;

	if (text > sizeof(message) - len)
		text = sizeof(message) - len;
	memcpy(message + len, line->text, text);
	callers_send(context, message, len + text);
}

static void
take_questions(void)
{
	struct wire_question question;
	struct caller *caller;
	uid_t user = (uid_t)-1;

	for (int i = 0; i < ASK_MAX; i++) {
		switch (callers_next(&rcptprobe.callers, &caller, &question, &user)) {
		case CALLERS_NONE:
			return;
		case CALLERS_REFUSED:
			note_refused(user);
			break;
		case CALLERS_QUESTION:
		case CALLERS_REFRESH:
			desk_ask(&rcptprobe.desk, &question, caller);
			break;
		case CALLERS_STATUS:
			probestatus(&rcptprobe.desk, rcptprobe.since, tell_status, caller);
			callers_close(&rcptprobe.callers, caller);
			break;
		}
	}
}

/* Everything, until somebody wants us to stop. */
static void
run(void)
{
	static struct pollfd pollfds[POLL_MAX];

	for (;;) {
		int64_t wake = desk_wake(&rcptprobe.desk);
		size_t asking, links;

		pollfds[0] = (struct pollfd){.fd = stopping, .events = POLLIN};
		asking = callers_poll(&rcptprobe.callers, pollfds + 1, &wake);
		links = pool_poll(&rcptprobe.pool, pollfds + 1 + asking, LINKS_MAX, &wake);
		if (poll(pollfds, 1 + asking + links,
			wake == INT64_MAX ? -1 : deadline_left(wake)) == -1 &&
		    errno != EINTR)
			die("poll", strerror(errno));
		if (pollfds[0].revents != 0)
			return;
		pool_step(&rcptprobe.pool, pollfds + 1 + asking, links);
		take_questions();
		desk_step(&rcptprobe.desk);
		probecdb_look(&rcptprobe.probecdb, &rcptprobe.checker);
	}
}

/* No more questions; who waits asks the servers itself. */
static void
end(void)
{
	char path[PATH_SIZE];

	set_path(path, "run/probe.sock");
	(void)unlink(path);
	pool_stop(&rcptprobe.pool);
	probelog("stopped", NULL);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	bool verbose = false;
	const char *reason;
	int option;

	for (int fd = 0; fd <= 2; fd++)
		(void)descriptors_plug(fd);
	opterr = 0;
	while ((option = getopt(argc, argv, "v")) != -1) {
		if (option != 'v')
			die("usage: rcptprobe [-v]", NULL);
		verbose = true;
	}
	if (argc > optind)
		die("usage: rcptprobe [-v]", NULL);
	stopping = stopsignals_catch();
	if (stopping == -1)
		die("pipe", strerror(errno));
	set_paths();
	rcptprobe.checker.read_wait = rcptprobe.checker.write_wait = LOCK_WAIT;
	rcptprobe.since = time(NULL);
	pool_start(&rcptprobe.pool);
	rcptprobe.pool.tls_context = tlsclient_open(&reason);
	if (rcptprobe.pool.tls_context == NULL)
		die("OpenSSL", reason);
	if (verbose)
		rcptprobe.pool.watch = probelog_watch;
	rcptprobe.desk.checker = &rcptprobe.checker;
	rcptprobe.desk.pool = &rcptprobe.pool;
	rcptprobe.desk.callers = &rcptprobe.callers;
	rcptprobe.desk.log = probelog_line;
	reason = probecdb_start(&rcptprobe.probecdb, &rcptprobe.checker, &settings);
	if (reason != NULL)
		die("rcptcheck.cdb", reason);
	set_users(&settings);
	lay_root_down();
	open_socket();
	enter_sandbox();
	probelog("running", NULL);
	run();
	end();
	exit(0);
}
