/*
 * Programs for passwords that took too long. Such a one does not keep its place from those who wait:
 * what cannot be killed, or not at once, may never end. But of those there are only so many.
 */
#ifndef DOOR_CHECKPWLOST_H
#define DOOR_CHECKPWLOST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHECKPWLOST_MAX 200

/* Starts as {0}. */
struct checkpwlost {
	pid_t children[CHECKPWLOST_MAX];
	size_t count;
};

/*
 * Ends it as far as that can be done; *error is 0, or why that can't be. Returns true when it is given
 * up; false when there are too many already, and it keeps its place until it has ended.
 */
bool checkpwlost_add(struct checkpwlost *lost, pid_t child, int *error);

/* It has ended. Returns true if it was one of those. */
bool checkpwlost_remove(struct checkpwlost *lost, pid_t child);

#endif
