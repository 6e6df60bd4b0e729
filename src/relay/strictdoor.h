/*
 * The strict way to relayd: a socket that everybody could use, in a folder that nobody can reach
 * but by a descriptor of it, which root has opened before the rights were laid down.
 *
 * relay/private is 0700, relay/private/in below it 0755: to look a name up in the latter one needs
 * no right on the former. The folders stay when relayd is started anew, so a descriptor that
 * tcpserver got weeks ago is still good.
 */
#ifndef RELAY_STRICTDOOR_H
#define RELAY_STRICTDOOR_H

#include <stdbool.h>

#define STRICTDOOR_OUTER  "relay/private"
#define STRICTDOOR_FOLDER "relay/private/in"
#define STRICTDOOR_VARIABLE                                                                    \
	"RELAYMARK_FD" /* the number of the descriptor, in the environment */

/* Makes the folders if they are not there. Returns 0, or -1 with errno. */
int strictdoor_make(const char *home);

/*
 * Opens the folder, and puts its number into the environment. It has the highest number that is free:
 * there are programs that close the low ones. Returns 0, or -1 with errno.
 */
int strictdoor_open(const char *home);

/*
 * Takes it out of the environment: returns the descriptor, which the next program will not have;
 * or -1 if there was none, or no folder.
 */
int strictdoor_take(void);

#endif
