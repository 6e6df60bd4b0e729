/*
 * Where relaylog's lines come from: a descriptor, or a FIFO that is there as long as we are.
 */
#ifndef RELAY_LOGFEED_H
#define RELAY_LOGFEED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOGFEED_ROOM_MIN (64 * 1024) /* what a pipe of Linux holds if nobody changed it */

struct logfeed {
	int fd;           /* -1: the FIFO is not to be had just now */
	const char *path; /* of the FIFO; NULL: the descriptor is what it is */
	dev_t device;
	ino_t inode;
	int64_t look_again; /* deadline.h */
};

void logfeed_open_descriptor(struct logfeed *feed, int fd);

/*
 * Returns 0, or -1 with errno, EINVAL for what is no FIFO, EPERM for one that is neither root's nor
 * ours, or that its group or others may write; look_again says when to try it again.
 */
int logfeed_open_fifo(struct logfeed *feed, const char *path);

/*
 * To be called at look_again: has another FIFO taken the name, or is there one now? Returns 1 if the
 * descriptor is a new one, 0 if all is as it was, -1 with errno if what has the name now can't be
 * taken: an older one stays open.
 */
int logfeed_look(struct logfeed *feed);

/* What is wrong, of the errno of these. */
const char *logfeed_reason(int number);

/*
 * How many bytes to read at once. As many as the pipe can hold, so that no line which came in one
 * write is split between two reads: if we are killed between them, our successor must not take
 * the second half for a line.
 */
size_t logfeed_room(const struct logfeed *feed);

#endif
