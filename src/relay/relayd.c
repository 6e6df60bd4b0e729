/*
 * relayd: the one writer of relay.db and relay.cdb, told by relaymark and relaylog who has logged
 * in; see relayd(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/become.h"
#include "base/deadline.h"
#include "base/descriptors.h"
#include "base/homefolder.h"
#include "base/line.h"
#include "base/remark.h"
#include "base/sandbox.h"
#include "base/seqsocket.h"
#include "base/stopsignals.h"
#include "keeper.h"
#include "markdesk.h"
#include "peers.h"
#include "relaylock.h"
#include "strictdoor.h"
#include "tell.h"

#define TEMPFAIL 111

#define DESCRIPTORS (PEERS_MAX + 50)
#define LOCK_RETRY  20 /* ms until the next look at a relay.db that is locked */

static const char usage[] = "usage: relayd [-alv] [-u user] ... [-x rules.cdb | -X]";

static struct relayd {
	struct keeper keeper;
	struct peers peers;
	char home[PATH_MAX / 2], relay[PATH_MAX], run[PATH_MAX], data[PATH_MAX];
	char rules[PATH_MAX]; /* the folder of the administrator's rules; "" for none */
	struct markdesk desk;
	uint64_t lost; /* lines of the log that nobody took */
} relayd;

static int stopping = -1; /* stopsignals.h */

/* A log that nobody drains costs lines, not marks. */
static void
write_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&pollfd, 1, 0) != 1 || line_write(line, STDERR_FILENO) == -1)
		relayd.lost++;
}

static void
log_line(const struct line *text)
{
	struct line line;

	if (relayd.lost > 0) {
		line_start(&line);
		line_add(&line, "relayd: lines of the log that nobody took: ");
		line_add_number(&line, (int64_t)relayd.lost);
		relayd.lost = 0;
		write_line(&line);
	}
	line_start(&line);
	line_add(&line, "relayd: ");
	line_add(&line, text->text);
	write_line(&line);
}

static void
say(const char *what, const char *detail)
{
	struct line line;

	line_start(&line);
	remark(&line, what, detail);
	log_line(&line);
}

static _Noreturn void
die(const char *what, const char *detail)
{
	say(what, detail);
	exit(TEMPFAIL);
}

static void
set_path(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", relayd.home, name);
}

static void
set_paths(void)
{
	const char *home = homefolder();

	if (snprintf(relayd.home, sizeof(relayd.home), "%s", home) >= (int)sizeof(relayd.home))
		die("the path of the home directory is too long", home);
	set_path(relayd.relay, "relay");
	set_path(relayd.run, "run");
	set_path(relayd.data, "data");
}

static void
add_user(const char *name)
{
	const struct passwd *user = getpwnam(name);

	if (user == NULL)
		die("-u: there is no such user", name);
	if (relayd.peers.user_count == PEERS_USERS)
		die("-u: more than 32 users", NULL);
	relayd.peers.users[relayd.peers.user_count++] = user->pw_uid;
}

static void
set_rules(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (path[0] != '/')
		die("-x: wants the full path of a CDB that tcprules made", path);
	relayd.keeper.rules_base = path;
	snprintf(relayd.rules, sizeof(relayd.rules), "%.*s",
	    slash == path ? 1 : (int)(slash - path), path);
}

static void
parse_arguments(int argc, char **argv)
{
	int option;

	relayd.desk.keeper = &relayd.keeper;
	relayd.desk.peers = &relayd.peers;
	relayd.keeper.log = log_line;
	opterr = 0;
	while ((option = getopt(argc, argv, "alu:vx:X")) != -1) {
		switch (option) {
		case 'a':
			relayd.peers.anybody = true;
			break;
		case 'l':
			relayd.keeper.loopback = true;
			break;
		case 'u':
			add_user(optarg);
			break;
		case 'v':
			relayd.desk.verbose = true;
			break;
		case 'x':
			set_rules(optarg);
			break;
		case 'X':
			relayd.keeper.rules_base = "";
			break;
		default:
			die(usage, NULL);
		}
	}
	if (optind < argc)
		die(usage, NULL);
}

/* The lock is made as the owner of relay, who must be able to take it the next time, too. */
static void
lock(void)
{
	struct stat st;
	int result, saved;

	if (stat(relayd.relay, &st) == -1)
		die(relayd.relay, strerror(errno));
	if (geteuid() == 0 && (setegid(st.st_gid) == -1 || seteuid(st.st_uid) == -1))
		die("the rights of relay's owner cannot be taken", strerror(errno));
	result = relaylock(relayd.home);
	saved = errno;
	if (getuid() == 0 && (seteuid(0) == -1 || setegid(0) == -1))
		die("root's rights cannot be taken again", strerror(errno));
	if (result == 0)
		return;
	if (saved == EWOULDBLOCK)
		die("another relayd, or relayage, is at work in this home", relayd.home);
	die(RELAYLOCK, strerror(saved));
}

static void
open_socket(enum peers_socket which, const char *name)
{
	char path[PATH_MAX];

	set_path(path, name);
	if (peers_listen(&relayd.peers, which, path) == -1)
		die(path, seqsocket_reason(errno));
}

/* run may be another user's: its socket is made before root's rights are laid down. */
static void
lay_root_down(void)
{
	if (become_owner(relayd.relay, NULL) != -1)
		return;
	if (errno == EINVAL)
		die(relayd.relay,
		    "belongs to root or root's group: chown it to the user and group that "
		    "relayd is to run as (make install RELAY_USER=...)");
	die("root's rights cannot be laid down", strerror(errno));
}

static void
open_strict_socket(void)
{
	if (strictdoor_make(relayd.home) == -1) {
		die(STRICTDOOR_OUTER, strerror(errno));
	}
	open_socket(PEERS_STRICT, STRICTDOOR_FOLDER "/" TELL_NAME);
}

static void
enter_sandbox(void)
{
	const struct sandbox_path paths[] = {
	    {relayd.relay, true}, {relayd.data, false}, {relayd.rules, false}};
	size_t count = relayd.rules[0] != '\0' ? 3 : 2;
	int descriptors = sandbox_limits(DESCRIPTORS);

	if (descriptors == -1)
		die("setrlimit", strerror(errno));
	if (descriptors < DESCRIPTORS)
		relayd.peers.max = descriptors > 100 ? (size_t)descriptors - 50 : 50;
	switch (sandbox_enter(paths, count)) {
	case 1:
		break;
	case 0:
		say(SANDBOX_NONE, NULL);
		break;
	default:
		die("sandbox", strerror(errno));
	}
}

/* Everything, until somebody wants us to stop. */
static void
run(void)
{
	static struct pollfd pollfds[1 + PEERS_POLL];
	int64_t again = 0;

	for (;;) {
		int64_t wake = deadline_earlier(
		    keeper_wake(&relayd.keeper), again != 0 ? again : INT64_MAX);
		size_t count;

		pollfds[0] = (struct pollfd){.fd = stopping, .events = POLLIN};
		count = 1 + peers_poll(&relayd.peers, pollfds + 1, &wake);
		if (poll(pollfds, count, deadline_left(wake)) == -1) {
			if (errno != EINTR)
				die("poll", strerror(errno));
			continue;
		}
		if (pollfds[0].revents != 0)
			return;
		again = 0;
		if (peers_step(&relayd.peers, pollfds + 1)) {
			if (!markdesk_take(&relayd.desk))
				again = deadline_now() + LOCK_RETRY;
			else
				again = deadline_now();
		}
		markdesk_note_refused(&relayd.desk);
		if (keeper_step(&relayd.keeper))
			peers_tell(&relayd.peers, relayd.keeper.expire);
		if (keeper_is_lost(&relayd.keeper))
			die("relay.db was taken away, or is damaged: beginning anew", NULL);
		if (peers_lost(&relayd.peers) != NULL)
			die("a socket was taken away: beginning anew",
			    peers_lost(&relayd.peers));
	}
}

int
main(int argc, char **argv)
{
	for (int fd = 0; fd <= 2; fd++)
		(void)descriptors_plug(fd);
	peers_start(&relayd.peers);
	parse_arguments(argc, argv);
	umask(022); /* relay.db and its side files are for all to read */
	stopping = stopsignals_catch();
	if (stopping == -1)
		die("pipe", strerror(errno));
	signal(SIGXFSZ, SIG_IGN);
	set_paths();
	lock();
	open_socket(PEERS_SIMPLE, TELL_SOCKET);
	lay_root_down();
	open_strict_socket();
	enter_sandbox();
	if (keeper_open(&relayd.keeper, relayd.home) == -1)
		exit(TEMPFAIL);
	if (relayd.keeper.db.made)
		say("relay.db was made: it did not exist", NULL);
	(void)keeper_step(&relayd.keeper);
	say("running", NULL);
	run();
	keeper_close(&relayd.keeper);
	say("stopped", NULL);
	exit(0);
}
