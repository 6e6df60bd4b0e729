#include "peers.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/seqsocket.h"

#define REST    100 /* ms without descriptors until the next try */
#define ACCEPTS 256 /* at a time */

static const char not_you[] =
    "this user may not say who has logged in: see relayd(8), -a and -u";

static uid_t refused_user;
static bool refused;

void
peers_start(struct peers *peers)
{
	for (int i = 0; i < PEERS_SOCKETS; i++)
		peers->listening[i] = -1;
	peers->count = peers->polled = 0;
	peers->rest = 0;
	peers->max = PEERS_MAX;
}

int
peers_listen(struct peers *peers, enum peers_socket which, const char *path)
{
	struct peers_name *name = &peers->names[which];
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof(name->path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = seqsocket_listen(path);
	if (fd == -1)
		return -1;
	if (stat(path, &st) == -1) {
		close(fd);
		return -1;
	}
	strcpy(name->path, path);
	name->device = st.st_dev;
	name->inode = st.st_ino;
	peers->listening[which] = fd;
	return 0;
}

/* What we may not see, those who connect may. */
static bool
is_lost(const struct peers_name *name)
{
	struct stat st;

	if (stat(name->path, &st) == -1)
		return errno == ENOENT || errno == ENOTDIR;
	return st.st_dev != name->device || st.st_ino != name->inode;
}

const char *
peers_lost(const struct peers *peers)
{
	for (int i = 0; i < PEERS_SOCKETS; i++)
		if (peers->listening[i] != -1 && is_lost(&peers->names[i]))
			return peers->names[i].path;
	return NULL;
}

static bool
may_mark(const struct peers *peers, uid_t user)
{
	if (peers->anybody || user == 0 || user == geteuid())
		return true;
	for (size_t i = 0; i < peers->user_count; i++)
		if (peers->users[i] == user)
			return true;
	return false;
}

/* The one that was silent for longest; it connects again when it has something to say. */
static void
make_room(struct peers *peers)
{
	struct peer *oldest = &peers->all[0];

	for (size_t i = 1; i < peers->count; i++)
		if (!peers->all[i].gone && peers->all[i].since < oldest->since)
			oldest = &peers->all[i];
	oldest->gone = true;
}

static void
close_gone(struct peers *peers)
{
	size_t kept = 0;

	for (size_t i = 0; i < peers->count; i++) {
		if (peers->all[i].gone)
			close(peers->all[i].fd);
		else
			peers->all[kept++] = peers->all[i];
	}
	peers->count = kept;
}

/* Returns false when there is nobody. */
static bool
let_in(struct peers *peers, enum peers_socket which)
{
	bool exhausted;
	int fd = seqsocket_accept(peers->listening[which], &exhausted);
	struct peer *new;
	uid_t user;
	gid_t group;

	if (exhausted)
		peers->rest = deadline_now() + REST;
	if (fd == -1)
		return false;
	seqsocket_peer(fd, &user, &group);
	if (which == PEERS_SIMPLE && !may_mark(peers, user)) {
		struct peer unwanted = {.fd = fd};

		peers_refuse(&unwanted, 0, not_you);
		close(fd);
		refused = true;
		refused_user = user;
		return true;
	}
	if (peers->count == peers->max) {
		make_room(peers);
		close_gone(peers);
	}
	new = &peers->all[peers->count++];
	memset(new, 0, sizeof(*new));
	new->fd = fd;
	new->user = user;
	new->may_age = user == 0 || user == geteuid();
	new->ready = true; /* most have said it by then */
	new->since = deadline_now();
	return true;
}

bool
peers_refused(struct peers *peers, uid_t *user)
{
	bool was = refused;

	(void)peers;
	refused = false;
	*user = refused_user;
	return was;
}

size_t
peers_poll(struct peers *peers, struct pollfd pollfds[PEERS_POLL], int64_t *wake)
{
	bool rests = deadline_left(peers->rest) > 0;
	size_t count = 0;

	if (rests)
		*wake = deadline_earlier(*wake, peers->rest);
	for (int i = 0; i < PEERS_SOCKETS; i++)
		pollfds[count++] =
		    (struct pollfd){.fd = rests ? -1 : peers->listening[i], .events = POLLIN};
	for (size_t i = 0; i < peers->count; i++) {
		const struct peer *peer = &peers->all[i];

		/* Not one that was not heard yet, while relay.db is locked. */
		pollfds[count++] =
		    (struct pollfd){.fd = peer->ready ? -1 : peer->fd, .events = POLLIN};
	}
	peers->polled = peers->count;
	return count;
}

bool
peers_step(struct peers *peers, const struct pollfd *pollfds)
{
	bool any = false;

	for (size_t i = 0; i < peers->polled; i++)
		if (pollfds[PEERS_SOCKETS + i].revents != 0)
			peers->all[i].ready = true;
	for (int i = 0; i < PEERS_SOCKETS; i++)
		for (int n = 0; pollfds[i].revents != 0 && n < ACCEPTS &&
		     let_in(peers, (enum peers_socket)i);)
			n++;
	peers->polled = 0;
	for (size_t i = 0; i < peers->count; i++)
		any = any || peers->all[i].ready;
	return any;
}

int
peers_next(struct peer *peer, struct relaywire_message *message)
{
	unsigned char bytes[RELAYWIRE_SIZE_MAX];
	ssize_t n;

	do
		n = recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		peer->ready = false;
		return 0;
	}
	/* Numbers only grow; what makes no sense is no client of ours. */
	if (n <= 0 || !relaywire_parse(message, bytes, (size_t)n) ||
	    message->serial <= peer->taken ||
	    (message->kind != RELAYWIRE_MARK && message->kind != RELAYWIRE_AGE)) {
		peer->ready = false;
		peer->gone = true;
		return 0;
	}
	peer->taken = message->serial;
	peer->since = deadline_now();
	return 1;
}

void
peers_refuse(struct peer *peer, uint64_t serial, const char *why)
{
	unsigned char bytes[RELAYWIRE_SIZE_MAX];
	size_t len = relaywire_make_refused(bytes, serial, why);

	(void)send(peer->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/*
 * A peer that hung up may have done so in the very moment; what it said holds. One whose buffer is
 * full does not listen: it hears the next number, or nothing.
 */
void
peers_tell(struct peers *peers, int64_t seconds)
{
	unsigned char bytes[RELAYWIRE_SIZE_MAX];

	for (size_t i = 0; i < peers->count; i++) {
		struct peer *peer = &peers->all[i];
		size_t len;

		if (peer->gone || peer->told == peer->taken)
			continue;
		len = relaywire_make_number(bytes, RELAYWIRE_DONE, peer->taken, seconds);
		if (send(peer->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len)
			peer->told = peer->taken;
		else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR &&
		    errno != ENOBUFS)
			peer->gone = true;
	}
	close_gone(peers);
}

void
peers_forget(struct peers *peers)
{
	for (size_t i = 0; i < peers->count; i++)
		if (peers->all[i].told != peers->all[i].taken)
			peers->all[i].gone = true;
	close_gone(peers);
}
