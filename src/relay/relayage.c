/*
 * relayage: removes old logins from relay.db, through relayd if it runs; see relayage(8).
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/become.h"
#include "base/deadline.h"
#include "base/descriptors.h"
#include "base/homefolder.h"
#include "base/remark.h"
#include "keeper.h"
#include "logindb.h"
#include "relaylock.h"
#include "relaysettings.h"
#include "relaywire.h"
#include "tell.h"

#define TEMPFAIL 111

#define PATIENCE 10000 /* ms in all */
#define RETRY    50    /* ms */

static const char usage[] = "usage: relayage [minutes [type:name]]";

static const char *home;

static _Noreturn void
die(const char *what, const char *detail)
{
	struct line line;

	line_start(&line);
	line_add(&line, "relayage: ");
	remark(&line, what, detail);
	(void)line_write(&line, STDERR_FILENO);
	exit(TEMPFAIL);
}

static void
log_line(const struct line *text)
{
	struct line line;

	line_start(&line);
	line_add(&line, "relayage: ");
	line_add(&line, text->text);
	(void)line_write(&line, STDERR_FILENO);
}

static int64_t
parse_minutes(const char *text)
{
	char *end;
	long minutes;

	errno = 0;
	minutes = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || minutes < 0 ||
	    minutes > RELAYWIRE_MINUTES_MAX)
		die(usage, NULL);
	return minutes;
}

/* Those of relay_expire; what is begun is not over. */
static int64_t
default_minutes(void)
{
	int64_t expire = relaysettings_default();
	const char *why;
	ino_t inode = 0;

	if (relaysettings_read(home, &inode, &expire, &why) == -1)
		die("rcptcheck.cdb", why);
	return (expire + 59) / 60;
}

/* Returns true when relayd did it; false when none runs, or it went away. */
static bool
ask_relayd(int64_t minutes, int64_t deadline)
{
	unsigned char bytes[RELAYWIRE_SIZE_MAX];
	struct relaywire_message message;
	struct pollfd pollfd = {.events = POLLIN};
	char why[RELAYWIRE_TEXT_SIZE] = "";
	ssize_t n;

	pollfd.fd = tell_connect(home, deadline);
	if (pollfd.fd == -1) {
		if (errno == ENAMETOOLONG)
			die(home, "too long a path for a socket");
		return false;
	}
	n = (ssize_t)relaywire_make_number(bytes, RELAYWIRE_AGE, 1, minutes);
	(void)send(pollfd.fd, bytes, (size_t)n, MSG_NOSIGNAL);
	while (poll(&pollfd, 1, deadline_left(deadline)) == 1) {
		n = recv(pollfd.fd, bytes, sizeof(bytes), 0);
		if (n <= 0 || !relaywire_parse(&message, bytes, (size_t)n))
			break;
		if (message.kind == RELAYWIRE_DONE && why[0] == '\0') {
			close(pollfd.fd);
			return true;
		}
		if (message.kind == RELAYWIRE_REFUSED)
			memcpy(why, message.text, sizeof(why));
		if (message.kind == RELAYWIRE_DONE || message.serial == 0)
			break;
	}
	close(pollfd.fd);
	if (why[0] != '\0')
		die("relayd", why);
	return false;
}

static void
become_writer(void)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/relay", home) >= (int)sizeof(path))
		die("the path of the home directory is too long", home);
	if (become_owner(path, NULL) != -1)
		return;
	if (errno == EINVAL)
		die(path, "belongs to root or root's group: see relayd(8)");
	die(path, strerror(errno));
}

/* Nobody else writes: the lock says so. Returns false when somebody does after all. */
static bool
age_directly(int64_t minutes)
{
	static struct keeper keeper = {.log = log_line, .quiet = true};
	char path[PATH_MAX];
	struct stat st;
	bool done, stays;

	/* Without a database there is nothing to do; and it is relayd who makes it. */
	if (snprintf(path, sizeof(path), "%s/" RELAYROW_DATABASE, home) >= (int)sizeof(path))
		die("the path of the home directory is too long", home);
	if (stat(path, &st) == -1)
		die(path, strerror(errno));
	if (relaylock(home) == -1) {
		if (errno == EWOULDBLOCK)
			return false;
		die(RELAYLOCK, strerror(errno));
	}
	if (keeper_open(&keeper, home) == -1)
		exit(TEMPFAIL);
	done = keeper_begin(&keeper);
	if (done) {
		keeper_age(&keeper, minutes);
		done = keeper_end(&keeper) && keeper_step(&keeper);
	}
	stays = done && keeper_rules_stay(&keeper);
	keeper_close(&keeper);
	if (stays)
		die(RULES_STAY, NULL);
	if (!done)
		die("rows may be left, or still be in relay.cdb or " RULESFILE, NULL);
	return true;
}

int
main(int argc, char **argv)
{
	int64_t deadline = deadline_now() + PATIENCE, minutes;
	const char *database = argc > 2 ? argv[2] : getenv("LOGINDB");

	for (int fd = 0; fd <= 2; fd++)
		(void)descriptors_plug(fd);
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	home = homefolder();
	if (argc > 3)
		die(usage, NULL);
	if (!logindb_is_ours(database, home)) {
		char text[512];

		snprintf(text, sizeof(text),
		    "%.200s is not a database of this program, which knows none but "
		    "%.200s/" RELAYROW_DATABASE,
		    database, home);
		die("LOGINDB", text);
	}
	minutes = argc > 1 ? parse_minutes(argv[1]) : default_minutes();
	if (ask_relayd(minutes, deadline))
		exit(0);
	become_writer();
	while (!age_directly(minutes)) {
		if (deadline_left(deadline) == 0)
			die("relayd is at work, but does not answer, or cannot do it: see its "
			    "log",
			    NULL);
		poll(NULL, 0, RETRY);
		if (ask_relayd(minutes, deadline))
			break;
	}
	exit(0);
}
