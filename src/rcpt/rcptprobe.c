/*
 * rcptprobe: holds connections to the primaries and asks them for all rcptchecks of the host; see
 * rcptprobe(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
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
#include "base/line.h"
#include "base/sandbox.h"
#include "desk.h"
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
	char users[SETTINGS_USERS_SIZE]; /* the setting probe_users at the start */
	ino_t cdb;                       /* the one in use */
	const char *cdb_kept;
	int64_t since;   /* seconds since 1970 */
	int64_t refused; /* when we last logged that somebody may not ask (deadline.h) */
	uint64_t lost;   /* lines of the log that nobody took */
};

static int stop_pipe[2] = {-1, -1};
static struct rcptprobe rcptprobe;

/* A log that nobody drains costs lines, not answers. */
static void
log_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct line lost;

	if (poll(&pollfd, 1, 0) != 1 || line_write(line, STDERR_FILENO) == -1) {
		rcptprobe.lost++;
		return;
	}
	if (rcptprobe.lost == 0 || poll(&pollfd, 1, 0) != 1)
		return;
	line_start(&lost);
	line_add(&lost, "rcptprobe: lines of the log that nobody took: ");
	line_add_number(&lost, (int64_t)rcptprobe.lost);
	rcptprobe.lost = 0;
	(void)line_write(&lost, STDERR_FILENO);
}

/* "rcptprobe: what: detail" */
static void
say(const char *what, const char *detail)
{
	struct line line;

	line_start(&line);
	line_add(&line, "rcptprobe: ");
	line_add(&line, what);
	if (detail != NULL) {
		line_add(&line, ": ");
		line_add_foreign(&line, detail, strlen(detail), 512);
	}
	log_line(&line);
}

static _Noreturn void
die(const char *what, const char *detail)
{
	say(what, detail);
	exit(TEMPFAIL);
}

/* The transcript of -v: one line for each line of all dialogues, with server and descriptor. */
static void
watch(const struct link *link, char direction, const char *bytes, size_t len)
{
	char server[RECORD_SERVER_TEXT];

	record_server_text(server, &link->terms->server);
	while (len > 0) {
		const char *lf = memchr(bytes, '\n', len);
		size_t line_len = lf != NULL ? (size_t)(lf - bytes) : len;
		struct line line;

		line_start(&line);
		line_add(&line, "rcptprobe: ");
		line_add(&line, server);
		line_add(&line, " ");
		line_add_number(&line, link->fd);
		line_add(&line, " ");
		line_add_foreign(&line, &direction, 1, 1);
		line_add(&line, " ");
		line_add_foreign(&line, bytes,
		    line_len > 0 && bytes[line_len - 1] == '\r' ? line_len - 1 : line_len, 512);
		log_line(&line);
		len -= line_len + (lf != NULL);
		bytes += line_len + (lf != NULL);
	}
}

static void
stop(int signal_number)
{
	int saved = errno;

	(void)signal_number;
	(void)!write(stop_pipe[1], "", 1);
	errno = saved;
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop};

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		die("pipe", strerror(errno));
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
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
	const char *home = getenv("RCPTCHECK_HOME");

	if (home == NULL || home[0] == '\0')
		home = CONF_HOME;
	if (snprintf(rcptprobe.home, sizeof(rcptprobe.home), "%s", home) >= PATH_SIZE ||
	    checker_open(&rcptprobe.checker, home) == -1)
		die("the path of the home directory is too long", home);
	set_path(rcptprobe.run, "run");
	set_path(rcptprobe.cache, "cache");
	set_path(rcptprobe.data, "data");
}

/* The settings that hold for all. Returns NULL, or the trouble. */
static const char *
read_settings(struct settings *settings)
{
	unsigned char value[RECORD_SIZE_MAX];
	const char key = RECORD_KEY_SETTINGS;
	size_t len;

	settings_default(settings);
	if (checker_use_cdb(&rcptprobe.checker) == -1)
		return checker_cdb_trouble();
	switch (cdbfile_find(&rcptprobe.checker.cdb, &key, 1, value, sizeof(value), &len)) {
	case 1:
		if (len > 1 && value[0] == RECORD_VERSION &&
		    settings_parse(settings, value + 1, len - 1) == len - 1)
			return NULL;
		return "its settings are of another version: run rcptbuild";
	case 0:
		return NULL;
	default:
		return checker_cdb_trouble();
	}
}

/* Who may ask: the users of the setting; without one, whoever may write the cache. */
static void
set_users(const struct settings *settings)
{
	struct callers *callers = &rcptprobe.callers;
	char names[SETTINGS_USERS_SIZE], *rest = names, *name;
	struct stat st;

	memcpy(rcptprobe.users, settings->probe_users, sizeof(rcptprobe.users));
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
	if (unlink(path) == -1 && errno != ENOENT)
		die(path, strerror(errno));
	if (callers_open(&rcptprobe.callers, path) == -1)
		die(path,
		    errno == ENAMETOOLONG ? "too long a path for a socket (107 bytes)"
					  : strerror(errno));
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
		say("few descriptors are allowed: fewer connections at a time", NULL);
	}
	switch (sandbox_enter(paths, sizeof(paths) / sizeof(paths[0]))) {
	case 1:
		break;
	case 0:
		say("this system has no Landlock: only the user's rights limit which files can "
		    "be opened",
		    NULL);
		break;
	default:
		die("sandbox", strerror(errno));
	}
}

/* A new CDB is taken with the next question; here it is only noted. */
static void
look_at_cdb(void)
{
	const struct checker *checker = &rcptprobe.checker;
	struct settings settings;
	const char *reason;

	if (checker_use_cdb(&rcptprobe.checker) == -1)
		return;
	if (checker->cdb_kept != NULL && rcptprobe.cdb_kept == NULL)
		say("the new rcptcheck.cdb is not taken, the old one stays in use",
		    checker->cdb_kept);
	rcptprobe.cdb_kept = checker->cdb_kept;
	if (checker->cdb.inode == rcptprobe.cdb)
		return;
	rcptprobe.cdb = checker->cdb.inode;
	say("a new rcptcheck.cdb", NULL);
	reason = read_settings(&settings);
	if (reason != NULL)
		say("rcptcheck.cdb", reason);
	else if (strcmp(settings.probe_users, rcptprobe.users) != 0)
		say("probe_users has changed: start rcptprobe anew", NULL);
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
	say("a question was refused, of the user", text);
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

		pollfds[0] = (struct pollfd){.fd = stop_pipe[0], .events = POLLIN};
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
		look_at_cdb();
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
	say("stopped", NULL);
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
	catch_signals();
	set_paths();
	rcptprobe.checker.read_wait = rcptprobe.checker.write_wait = LOCK_WAIT;
	rcptprobe.since = time(NULL);
	pool_start(&rcptprobe.pool);
	rcptprobe.pool.tls_context = tlsclient_open(&reason);
	if (rcptprobe.pool.tls_context == NULL)
		die("OpenSSL", reason);
	if (verbose)
		rcptprobe.pool.watch = watch;
	rcptprobe.desk.checker = &rcptprobe.checker;
	rcptprobe.desk.pool = &rcptprobe.pool;
	rcptprobe.desk.callers = &rcptprobe.callers;
	rcptprobe.desk.log = log_line;
	reason = read_settings(&settings);
	if (reason != NULL)
		die("rcptcheck.cdb", reason);
	set_users(&settings);
	lay_root_down();
	open_socket();
	enter_sandbox();
	rcptprobe.cdb = rcptprobe.checker.cdb.inode;
	say("running", NULL);
	run();
	end();
	exit(0);
}
