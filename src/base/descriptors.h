/*
 * The descriptors a program was started with, made safe before anything is opened.
 */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stdbool.h>

/*
 * A descriptor, the lowest free one, that is at its end and keeps nothing of what is written to it:
 * /dev/null, or where that can't be opened the end of a pipe, to which write(2) is an error. -1 with
 * errno when even that can't be had.
 */
int descriptors_nothing(void);

/* Opens /dev/null, or the like, on fd if it is closed. Returns 1 if it was, 0 if not, -1 with errno. */
int descriptors_plug(int fd);

/* Points fd at that, whatever it was. Returns 0, or -1 with errno. */
int descriptors_silence(int fd);

/* Is descriptor 2 the socket that 0 or 1 is, as under inetd and Postfix's spawn? */
bool descriptors_stderr_is_protocol(void);

/* Is it the writing end of a pipe or FIFO? */
bool descriptors_is_writable_pipe(int fd);

#endif
