/*
 * What may not be done is logged, and how often it was tried is never lost, whoever tries.
 */
#include "relay/markdesk.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"

#include "relayhome.h"
#include "tap.h"

#define MINUTE (60 * 1000)

static struct keeper keeper;
static struct peers peers;
static struct markdesk desk = {.keeper = &keeper, .peers = &peers};
static char last[2048];
static int lines, client;
static uint64_t serial;

static void
log_line(const struct line *line)
{
	snprintf(last, sizeof(last), "%s", line->text);
	lines++;
}

static bool
open_peer(void)
{
	int pair[2];

	peers_start(&peers);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		return false;
	client = pair[0];
	peers.all[0].fd = pair[1];
	peers.count = 1;
	return true;
}

/* This user marks an address of this host, which is refused, so many times. */
static void
refuse(uid_t user, int times)
{
	unsigned char bytes[RELAYWIRE_SIZE_MAX];
	struct relaywire_mark mark;

	(void)relaywire_set_mark(&mark, "127.9.9.9", "joe", 3, "test");
	peers.all[0].user = user;
	lines = 0;
	last[0] = '\0';
	while (times-- > 0) {
		ssize_t len = (ssize_t)relaywire_make_mark(bytes, ++serial, &mark);

		peers.all[0].ready = true;
		if (send(client, bytes, (size_t)len, 0) != len || !markdesk_take(&desk))
			printf("# not said\n");
		(void)recv(client, bytes, sizeof(bytes), MSG_DONTWAIT);
	}
}

/* The next refusal of all of whom one was logged is logged again. */
static void
pass_a_minute(void)
{
	for (size_t i = 0; i < MARKDESK_USERS; i++)
		if (desk.refusals[i].told != 0)
			desk.refusals[i].told -= MINUTE;
}

static bool
says(const char *text)
{
	if (strstr(last, text) != NULL)
		return true;
	printf("# %s\n", last);
	return false;
}

static void
test_refusals(void)
{
	int told = 0;

	for (uid_t user = 1000; user < 1000 + MARKDESK_USERS; user++) {
		refuse(user, 1);
		told += lines;
	}
	is_int(told, MARKDESK_USERS, "each user has a line");
	ok(says("uid=1015") && strstr(last, "others") == NULL, "that names him");
	refuse(1003, 5);
	is_int(lines, 0, "not more than one a minute");
	refuse(2000, 3);
	refuse(2001, 4);
	is_int(lines, 0, "nor one for those that there is no room for");
	pass_a_minute();
	refuse(1003, 1);
	ok(says("uid=1003") && says(" others=5"), "the others of one are counted");
	ok(says(" others_of_any=7"), "and those of whom there is no room");
	refuse(1004, 1);
	ok(says("uid=1004") && strstr(last, "others") == NULL, "once");
	refuse(1003, 2);
	pass_a_minute();
	for (uid_t user = 3000; user < 3000 + MARKDESK_USERS - 2; user++)
		refuse(user, 1);
	is_int(desk.unnamed, 0, "nobody has his place yet");
	pass_a_minute();
	for (uid_t user = 4000; user < 4000 + MARKDESK_USERS; user++) {
		refuse(user, 1);
		if (strstr(last, "others_of_any") != NULL)
			break;
	}
	ok(says(" others_of_any=2"), "his are counted, too");
}

int
main(void)
{
	if (!ok(open_home(), "a home"))
		return tap_done();
	keeper.log = log_line;
	if (ok(keeper_open(&keeper, home) == 0 && open_peer(), "relay.db, and one who speaks"))
		test_refusals();
	keeper_close(&keeper);
	remove_home();
	return tap_done();
}
