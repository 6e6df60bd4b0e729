/*
 * The lock of the one who writes relay.db and what is made from it: relayd, or relayage while there is
 * none.
 */
#ifndef RELAY_RELAYLOCK_H
#define RELAY_RELAYLOCK_H

#define RELAYLOCK "relay/relayd.lock" /* below the home */

/*
 * Keeps all others who write out, until the process ends: the owner of the lock is that of the
 * folder. Returns 0, or -1 with errno: EWOULDBLOCK when there is another.
 */
int relaylock(const char *home);

#endif
