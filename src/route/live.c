#include "live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"

int64_t
live_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum livefile_kind
live_remembered(const struct livefile *file, const struct record_server *server, int64_t now,
    struct livefile_record *record)
{
	if (!livefile_get(file, server, record))
		return LIVEFILE_NOTHING;
	/* A clock that was set back must not keep a server out for long. */
	if (record->kind == LIVEFILE_DEAD &&
	    (record->until <= now || record->until > now + LIVE_RETRY_MAX))
		return LIVEFILE_NOTHING;
	return record->kind;
}

int
live_mark(struct livefile *file, const struct record_server *server, bool down)
{
	struct livefile_record record = {.kind = down ? LIVEFILE_DOWN : LIVEFILE_NOTHING,
	    .server = *server,
	    .since = live_time()};

	return livefile_put(file, &record);
}

void
live_start(struct live_choice *choice, struct livefile *file, const struct route *route,
    const struct routesettings *settings)
{
	memset(choice, 0, sizeof(*choice));
	choice->file = file;
	choice->route = route;
	choice->settings = settings;
	choice->ended = route->count <= 1;
	/* The first is what is left when none lives; of use to most is only one with an address. */
	while (
	    choice->chosen < route->count && route->servers[choice->chosen].address.family == 0)
		choice->chosen++;
	if (choice->chosen == route->count)
		choice->chosen = 0;
}

/* Others who come while it is asked do not wait for it as well. */
static void
claim(struct live_choice *choice, struct livefile_record *record, int64_t now)
{
	record->until = now + (int64_t)choice->settings->timeout * 1000 + 1000;
	(void)livefile_put(choice->file, record);
}

bool
live_next(struct live_choice *choice, size_t *server, int64_t now)
{
	struct livefile_record record;

	while (!choice->ended) {
		size_t i = choice->next++;
		const struct record_server *address;
		enum livefile_kind kind;

		if (i >= choice->route->count) {
			choice->ended = choice->remembered_turn;
			choice->remembered_turn = true;
			choice->next = 0;
			continue;
		}
		address = &choice->route->servers[i].address;
		if (address->family == 0 || address->port == 0 ||
		    (choice->answered & UINT32_C(1) << i) != 0)
			continue;
		kind = live_remembered(choice->file, address, now, &record);
		if (kind == LIVEFILE_DOWN || (kind == LIVEFILE_DEAD) != choice->remembered_turn)
			continue;
		if (!choice->remembered_turn && record.kind == LIVEFILE_DEAD)
			claim(choice, &record, now);
		choice->asked = *server = i;
		choice->answered |= UINT32_C(1) << i;
		return true;
	}
	return false;
}

/* Each time it does not answer it is left alone for twice as long. */
static void
remember(struct live_choice *choice, const struct record_server *server, int64_t now)
{
	int64_t wait = (int64_t)choice->settings->retry * 1000;
	struct livefile_record record;

	if (!livefile_get(choice->file, server, &record) || record.kind != LIVEFILE_DEAD) {
		memset(&record, 0, sizeof(record));
		record.kind = LIVEFILE_DEAD;
		record.server = *server;
		record.since = now;
	}
	for (uint32_t i = 0; i < record.failures && wait < LIVE_RETRY_MAX; i++)
		wait *= 2;
	if (wait > LIVE_RETRY_MAX)
		wait = LIVE_RETRY_MAX;
	record.failures++;
	record.until = now + wait;
	(void)livefile_put(choice->file, &record);
}

void
live_tell(struct live_choice *choice, enum live_answer answer, int64_t now)
{
	const struct record_server *server = &choice->route->servers[choice->asked].address;
	struct livefile_record record;

	switch (answer) {
	case LIVE_NO:
		/* It is remembered already, and all the others are dead: that is no new proof. */
		if (!choice->remembered_turn)
			remember(choice, server, now);
		return;
	case LIVE_YES:
		if (livefile_get(choice->file, server, &record) && record.kind == LIVEFILE_DEAD)
			(void)live_mark(choice->file, server, false);
		choice->lives = true;
		break;
	case LIVE_CANNOT:
		choice->ended = true;
		if (choice->remembered_turn)
			return; /* the first, rather than one that is known to be dead */
		break;
	}
	choice->chosen = choice->asked;
	choice->ended = true;
}

/* Is this about us, and not about the server? */
static enum live_answer
answer_of(int error)
{
	switch (error) {
	case 0:
		return LIVE_YES;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EACCES:
	case EPERM:
	case EADDRNOTAVAIL: /* our ports are used up */
	case EAGAIN:
		return LIVE_CANNOT;
	default:
		return LIVE_NO;
	}
}

int
live_connect(const struct record_server *server, enum live_answer *answer)
{
	/* Closed with a reset: our side would keep each port for a minute otherwise. */
	static const struct linger at_once = {1, 0};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(server->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(server->port)};
	int fd, rc;

	fd = socket(server->family == 4 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		/* Without IPv6 in the kernel none of its addresses is to be reached. */
		*answer = errno == EAFNOSUPPORT ? LIVE_NO : LIVE_CANNOT;
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (server->family == 4) {
		memcpy(&in.sin_addr, server->address, 4);
		rc = connect(fd, (const struct sockaddr *)(const void *)&in, sizeof(in));
	} else {
		memcpy(&in6.sin6_addr, server->address, 16);
		rc = connect(fd, (const struct sockaddr *)(const void *)&in6, sizeof(in6));
	}
	if (rc == 0 || errno == EINPROGRESS)
		return fd;
	*answer = answer_of(errno);
	close(fd);
	return -1;
}

enum live_answer
live_ended(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = ENOMEM;
	close(fd);
	return answer_of(error);
}

enum live_answer
live_ask(
    const struct record_server *server, const struct routesettings *settings, int64_t deadline)
{
	int64_t own = deadline_now() + (int64_t)settings->timeout * 1000;
	int64_t until = deadline_earlier(own, deadline);
	enum live_answer answer = LIVE_CANNOT;
	int fd = live_connect(server, &answer), rc;
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

	if (fd == -1)
		return answer;
	while ((rc = poll(&poll_fd, 1, deadline_left(until))) == -1 && errno == EINTR)
		;
	if (rc == 1)
		return live_ended(fd);
	close(fd);
	return rc == 0 && until == own ? LIVE_NO : LIVE_CANNOT;
}

size_t
live_choose(struct livefile *file, const struct route *route,
    const struct routesettings *settings, int64_t deadline, bool *lives)
{
	struct live_choice choice;
	size_t i;

	live_start(&choice, file, route, settings);
	while (live_next(&choice, &i, live_time()))
		live_tell(&choice, live_ask(&route->servers[i].address, settings, deadline),
		    live_time());
	*lives = choice.lives;
	return choice.chosen;
}
