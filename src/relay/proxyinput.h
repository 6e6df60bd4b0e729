/*
 * Reads a PROXY header from a descriptor, and not a byte of what follows it.
 */
#ifndef RELAY_PROXYINPUT_H
#define RELAY_PROXYINPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "proxyheader.h"

enum proxyinput {
	PROXYINPUT_HEADER, /* there it is, of one of the kinds behind PROXYHEADER_MORE */
	PROXYINPUT_BAD,    /* header->reason says why */
	PROXYINPUT_LATE,
	PROXYINPUT_GONE,    /* the peer went without a word */
	PROXYINPUT_CUT,     /* or in the middle of its header */
	PROXYINPUT_TROUBLE, /* errno says why */
};

enum proxyinput proxyinput_read(
    int fd, int64_t deadline, struct proxyheader *header, enum proxyheader_kind *kind);

/* Waits so long for the peer to hang up. Returns whether it did, with nothing left to be read. */
bool proxyinput_hangs_up(int fd, int64_t deadline);

#endif
