/*
 * Starts the program that checks.
 */
#ifndef DOOR_WRAPSPAWN_H
#define DOOR_WRAPSPAWN_H

#include <stddef.h>
#include <sys/types.h>

#define WRAPSPAWN_ADDED 4

/* An environment, and room for what a check is told in it. */
struct wrapspawn_environment {
	char **all; /* ends in NULL, with room for as many as WRAPSPAWN_ADDED behind count */
	size_t count;
};

/*
 * What we have, without the variables that tell of a recipient. It is malloced. Returns 0, or -1
 * with errno.
 */
int wrapspawn_copy_environment(struct wrapspawn_environment *environment);

/*
 * Its arguments are none, or -b; its descriptor 0 is in (-1: /dev/null), 1 is out (-1: the log, as
 * 2), 4 is reply (-1: none). added: more variables, ends in NULL. It leads a process group. Returns its id,
 * or -1 with errno.
 */
pid_t wrapspawn_start(const char *program, const char *argument,
    const struct wrapspawn_environment *environment, char *const *added, int in, int out,
    int reply);

/* Ends it, whatever it does, and what it started. It must be one that was not waited for. */
void wrapspawn_stop(pid_t child);

/* Close-on-exec, and ours ([0], or [1] if ours is 1) does not block. Returns 0, or -1 with errno. */
int wrapspawn_pipe(int ends[2], int ours);

#endif
