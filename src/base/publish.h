/*
 * Replaces a file so that readers see the old one or the new one, whole, whatever happens in
 * between: written under another name, synced, renamed, the folder synced.
 *
 * The other name is path with ".tmp" behind it. Whoever publishes holds a lock, so one that is
 * there is what a killed run has left.
 */
#ifndef BASE_PUBLISH_H
#define BASE_PUBLISH_H

#include <stddef.h>
#include <sys/types.h>

/* Removes what a killed run may have left. */
void publish_tidy(const char *path);

/* Creates the file to be; its mode is exactly this. Returns a descriptor, or -1 with errno. */
int publish_start(const char *path, mode_t mode);

/*
 * Puts it in place; its contents are synced already. folder is a descriptor of its folder.
 * Closes fd. Returns 0, or -1 with errno: then the old file is still there (or, if only the
 * folder could not be synced, maybe the new one).
 */
int publish_finish(int fd, const char *path, int folder);

/* Gives up: closes fd and removes the file. errno stays. */
void publish_abandon(int fd, const char *path);

/* All in one for a short file. */
int publish_bytes(const char *path, mode_t mode, int folder, const void *bytes, size_t len);

#endif
