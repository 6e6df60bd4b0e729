/*
 * Programs that we start: each leads a process group of its own, so that what it has started in turn can be
 * ended with it.
 */
#ifndef DOOR_SPAWN_H
#define DOOR_SPAWN_H

#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A malloced copy of our environment without the variables that begin with one of without, which ends in
 * NULL. It has count variables, and room for as many as added behind them and a NULL. Returns NULL with
 * errno.
 */
char **spawn_copy_environment(const char *const *without, size_t added, size_t *count);

/*
 * Starts the program arguments[0]. No signal is blocked, and those of usual, which ends in 0, do what they
 * do as a rule: what we ignore or catch is not its business. Returns 0 or an error number, as
 * posix_spawn(3) does.
 */
int spawn_start(pid_t *child, char *const *arguments, char *const *environment,
    const posix_spawn_file_actions_t *actions, const int *usual);

#endif
