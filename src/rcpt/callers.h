/*
 * Those who ask rcptprobe: its socket, who may use it, and the connections on which an answer is
 * awaited. Non-blocking.
 */
#ifndef RCPT_CALLERS_H
#define RCPT_CALLERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire.h"

#define CALLERS_MAX     4096 /* that wait at a time */
#define CALLERS_READING 64   /* and that have not said yet for what */
#define CALLERS_USERS   32

struct caller {
	int fd;
	int64_t told; /* when it asked, or was last told to wait (deadline.h) */
	void *job;    /* what it waits for */
	struct caller *next_of_job;
	/* its own */
	struct caller *next, **before;
};

/* One that has not said yet what it wants. */
struct callers_reading {
	int fd;
	uid_t user;
	int64_t since; /* when it connected (deadline.h) */
};

struct callers {
	/* who may ask, besides root and ourselves */
	uid_t users[CALLERS_USERS];
	size_t user_count;
	bool any_of_group; /* whoever is in this group */
	gid_t group;

	size_t max;           /* that should wait: at most CALLERS_MAX */
	struct caller *first; /* those who do */

	/* its own */
	int listening;
	int64_t rest; /* nobody is let in until then (deadline.h): we are out of descriptors */
	struct callers_reading reading[CALLERS_READING];
	size_t count, reading_count;
};

/* Listens at this path (seqsocket.h). Returns 0, or -1 with errno. */
int callers_open(struct callers *callers, const char *path);

/*
 * Returns how many pollfds it has filled: at most 1 + CALLERS_READING. wake becomes earlier if
 * callers_next is to be called before anybody speaks.
 */
size_t callers_poll(const struct callers *callers, struct pollfd *pollfds, int64_t *wake);

enum callers_result {
	CALLERS_NONE,     /* nobody asks now */
	CALLERS_REFUSED,  /* somebody tried who may not, or made no sense: to be logged */
	CALLERS_QUESTION, /* question is set, and *caller asked it */
	CALLERS_REFRESH,  /* question is set, and nobody waits for the answer */
	CALLERS_STATUS,   /* *caller wants to know how we are */
};

/*
 * Takes the next question. On CALLERS_REFUSED, *user is who it was. A caller is told to wait with
 * the first callers_wait, or has the answer before.
 */
enum callers_result callers_next(struct callers *callers, struct caller **caller,
    struct wire_question *question, uid_t *user);

/* Do more wait than should? Then the newest is to have an answer at once. */
bool callers_full(const struct callers *callers);

/* Tells a caller that it must wait. Returns false if it is gone: close it. */
bool callers_wait(struct caller *caller);

void callers_send(struct caller *caller, const unsigned char *message, size_t len);
void callers_close(struct callers *callers, struct caller *caller);

#endif
