#include "callers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/seqsocket.h"

#define FIRST_WORDS 1000 /* ms that a caller has to say what it wants */
#define REST        100  /* ms without descriptors until the next try */

int
callers_open(struct callers *callers, const char *path)
{
	callers->first = NULL;
	callers->count = 0;
	callers->rest = 0;
	callers->reading_count = 0;
	callers->max = CALLERS_MAX;
	callers->listening = seqsocket_listen(path);
	return callers->listening == -1 ? -1 : 0;
}

/* Is the process at the other end in this group? It may be its second one. */
static bool
is_in_group(int fd, gid_t primary_group, gid_t group)
{
#ifdef SO_PEERGROUPS
	gid_t groups[64];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; i < len / sizeof(groups[0]); i++)
			if (groups[i] == group)
				return true;
#else
	(void)fd;
#endif
	return primary_group == group;
}

static bool
may_ask(const struct callers *callers, int fd, uid_t *user)
{
	gid_t group;

	seqsocket_peer(fd, user, &group);
	if (*user == (uid_t)-1)
		return false;
	if (*user == 0 || *user == geteuid())
		return true;
	for (size_t i = 0; i < callers->user_count; i++)
		if (callers->users[i] == *user)
			return true;
	return callers->any_of_group && is_in_group(fd, group, callers->group);
}

static void
enter(struct caller **list, struct caller *caller)
{
	caller->next = *list;
	caller->before = list;
	if (caller->next != NULL)
		caller->next->before = &caller->next;
	*list = caller;
}

static void
leave(struct caller *caller)
{
	*caller->before = caller->next;
	if (caller->next != NULL)
		caller->next->before = caller->before;
}

/* Those at the front have been there longer. Who leaves does not close the connection. */
static void
leave_reading(struct callers *callers, size_t i)
{
	callers->reading_count--;
	memmove(&callers->reading[i], &callers->reading[i + 1],
	    (callers->reading_count - i) * sizeof(callers->reading[0]));
}

/* Takes in one more. Returns -1 when there is none, 0 for one that may not ask. */
static int
let_in(struct callers *callers, uid_t *user)
{
	struct callers_reading *reading = &callers->reading[callers->reading_count];
	bool exhausted;
	int fd = seqsocket_accept(callers->listening, &exhausted);

	if (exhausted)
		callers->rest = deadline_now() + REST;
	if (fd == -1)
		return -1;
	if (!may_ask(callers, fd, user)) {
		close(fd);
		return 0;
	}
	reading->fd = fd;
	reading->user = *user;
	reading->since = deadline_now();
	callers->reading_count++;
	return 1;
}

/* One that has said what it wants, and waits for the answer. NULL: there is no memory. */
static struct caller *
keep(struct callers *callers, int fd)
{
	struct caller *caller = calloc(1, sizeof(*caller));

	if (caller == NULL)
		return NULL;
	caller->fd = fd;
	caller->told = deadline_now();
	enter(&callers->first, caller);
	callers->count++;
	return caller;
}

/* Reads what one wants; CALLERS_NONE: it is gone, or too slow. Returns false if it may still say. */
static bool
take(const struct callers_reading *reading, struct wire_question *question,
    enum callers_result *result)
{
	unsigned char message[WIRE_SIZE_MAX + 1];
	ssize_t n = recv(reading->fd, message, sizeof(message), 0);

	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) &&
	    deadline_now() - reading->since < FIRST_WORDS)
		return false;
	if (n <= 0)
		*result = CALLERS_NONE;
	else if (wire_kind(message, (size_t)n) == WIRE_STATUS)
		*result = CALLERS_STATUS;
	else if (!wire_parse_question(question, message, (size_t)n))
		*result = CALLERS_REFUSED;
	else
		*result = question->refresh ? CALLERS_REFRESH : CALLERS_QUESTION;
	return true;
}

enum callers_result
callers_next(struct callers *callers, struct caller **caller, struct wire_question *question,
    uid_t *user)
{
	*caller = NULL;
	for (;;) {
		for (size_t i = 0; i < callers->reading_count;) {
			int fd = callers->reading[i].fd;
			enum callers_result result;

			if (!take(&callers->reading[i], question, &result)) {
				i++;
				continue;
			}
			*user = callers->reading[i].user;
			leave_reading(callers, i);
			if (result == CALLERS_QUESTION || result == CALLERS_STATUS)
				*caller = keep(callers, fd);
			if (*caller == NULL)
				close(fd);
			if (*caller != NULL || result == CALLERS_REFRESH ||
			    result == CALLERS_REFUSED)
				return result;
		}
		if (callers->reading_count >= CALLERS_READING ||
		    deadline_left(callers->rest) > 0)
			return CALLERS_NONE;
		switch (let_in(callers, user)) {
		case 0:
			return CALLERS_REFUSED;
		case -1:
			return CALLERS_NONE;
		}
	}
}

size_t
callers_poll(const struct callers *callers, struct pollfd *pollfds, int64_t *wake)
{
	size_t count = 0;

	for (size_t i = 0; i < callers->reading_count; i++) {
		*wake = deadline_earlier(*wake, callers->reading[i].since + FIRST_WORDS);
		pollfds[count++].fd = callers->reading[i].fd;
	}
	/* No more are let in than these until some have spoken, or had their time. */
	if (deadline_left(callers->rest) > 0)
		*wake = deadline_earlier(*wake, callers->rest);
	else if (count < CALLERS_READING)
		pollfds[count++].fd = callers->listening;
	for (size_t i = 0; i < count; i++) {
		pollfds[i].events = POLLIN;
		pollfds[i].revents = 0;
	}
	return count;
}

void
callers_close(struct callers *callers, struct caller *caller)
{
	leave(caller);
	callers->count--;
	close(caller->fd);
	free(caller);
}

bool
callers_full(const struct callers *callers)
{
	return callers->count > callers->max;
}

void
callers_send(struct caller *caller, const unsigned char *message, size_t len)
{
	(void)send(caller->fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool
callers_wait(struct caller *caller)
{
	unsigned char message[WIRE_SIZE_MAX];
	size_t len = wire_make_word(message, WIRE_WAIT);

	caller->told = deadline_now();
	return send(caller->fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len ||
	    errno == EAGAIN;
}
