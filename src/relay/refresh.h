/*
 * relaymark -r: the next program as a child, and we stay as its parent, which marks again and again
 * while the session lives.
 */
#ifndef RELAY_REFRESH_H
#define RELAY_REFRESH_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Starts the program as a child. Returns 1 in the parent, with signals blocked for refresh_wait; 0 in
 * the child, which is to exec; -1 with errno, and nothing has changed.
 */
int refresh_start(pid_t *child);

/*
 * Waits for the child to end, and calls again at least every so many milliseconds; what it returns
 * is that figure for the next time. Signals for us are the child's. Then ends as the child
 * did: with its exit code, or by its signal.
 */
_Noreturn void refresh_wait(
    pid_t child, int64_t every, int64_t (*again)(void *context), void *context);

#endif
