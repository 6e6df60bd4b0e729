/*
 * Passwords checked by a checkpassword program (cr.yp.to/checkpwd/interface.html): it gets user and
 * password on descriptor 3 and ends with 0 when they are right, after it has run the program that it
 * was told to, here /bin/true.
 */
#ifndef DOOR_CHECKPW_H
#define DOOR_CHECKPW_H

#include <stddef.h>
#include <sys/types.h>

#define CHECKPW_BYTES 512 /* of all that is written to it: the interface's limit */

struct checkpw {
	char **arguments; /* of the program, the first is its path; ends in NULL */
	/* its own */
	char **environment;
	size_t variables;
};

enum checkpw_result { CHECKPW_TEMPORARY, CHECKPW_RIGHT, CHECKPW_WRONG };

/*
 * program with its arguments, or with /bin/true if it has none (count 1). They are kept, not copied.
 * Returns 0, or -1 with errno.
 */
int checkpw_setup(struct checkpw *checkpw, char **arguments, int count);

/*
 * Starts it, without waiting for anything. client is the address of the mail user or "". Returns its
 * process id, which leads a group; or -1 with errno: EMSGSIZE for a password that it can't take.
 */
pid_t checkpw_start(
    struct checkpw *checkpw, const char *user, const char *password, const char *client);

/* What it says by the status that wait(2) gave. */
enum checkpw_result checkpw_result(int status);

/*
 * Ends one that was not waited for, and what it has started; it is still to be waited for. Returns 0,
 * or -1 with errno: EPERM for one that goes on as another user, whom only root could end.
 */
int checkpw_stop(pid_t child);

#endif
