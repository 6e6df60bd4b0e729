/*
 * Files of other programs, replaced whole: read, written beside under a name of ours, synced, renamed. Only
 * a regular file is replaced, and it keeps its owner and mode.
 *
 * A function that returns const char * returns NULL, or why it failed: a text that is good until
 * the next call.
 */
#ifndef DOOR_DELIVERYFILE_H
#define DOOR_DELIVERYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct deliveryfile {
	const char *path;
	bool there;     /* it was, when it was read */
	struct stat st; /* then */
	char *bytes;    /* to be freed by deliveryfile_free */
	size_t len;
};

/* Reads it; one that is not there is empty. */
const char *deliveryfile_read(struct deliveryfile *file, const char *path);
void deliveryfile_free(struct deliveryfile *file);

/* A new file in its place to be: *fd is for reading and writing. */
const char *deliveryfile_start(const struct deliveryfile *file, int *fd);

const char *deliveryfile_write(int fd, const char *bytes, size_t len);

/*
 * Closes fd and puts it in place, unless somebody has changed the old one since it was read. An old one that
 * says the same stays.
 */
const char *deliveryfile_finish(const struct deliveryfile *file, int fd);

/* Gives up instead. */
void deliveryfile_abandon(const struct deliveryfile *file, int fd);

#endif
