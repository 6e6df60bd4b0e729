/*
 * The signals of a program that stays until somebody wants it to stop, for a loop on poll(2).
 */
#ifndef BASE_STOPSIGNALS_H
#define BASE_STOPSIGNALS_H

/*
 * From now on SIGTERM and SIGINT end nothing, SIGHUP and SIGPIPE are ignored. Returns a descriptor
 * that can be read from when one of the first two came, and for ever after; or -1 with errno.
 */
int stopsignals_catch(void);

#endif
