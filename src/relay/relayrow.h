/*
 * What a row of relay.db says, and its copy in relay.cdb.
 *
 *	logintime	when the client logged in, in seconds since 1970; 0: a persistent row, which
 *			nothing of ours removes or shortens
 *	expires		until when it may relay; 0: for ever
 *
 * In relay.cdb each address that may relay has two records:
 *	its address		"OK", for check_client_access of Postfix
 *	NUL and its address	logintime and expires, eight bytes each, low byte first, and the
 *				checksum of cdbfile.h, for our own programs: a file that nobody
 *				replaces any more, or that is damaged, lets nobody relay
 */
#ifndef RELAY_RELAYROW_H
#define RELAY_RELAYROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relayaddress.h"

#define RELAYROW_DATABASE "relay/relay.db" /* below the home */
#define RELAYROW_CDB      "relay/relay.cdb"

#define RELAYROW_KEY_SIZE   (1 + RELAYADDRESS_SIZE)
#define RELAYROW_VALUE_SIZE 16
#define RELAYROW_OK         "OK"

/*
 * A login that is later than now by more than these seconds was noted by another clock: it counts
 * for nothing until relayd has put it right.
 */
#define RELAYROW_SLACK 60

struct relayrow {
	int64_t logintime, expires;
};

bool relayrow_is_fresh(const struct relayrow *row, int64_t now);

/* The key of our own record. Returns its length. */
size_t relayrow_key(char key[RELAYROW_KEY_SIZE], const char *address);

void relayrow_make(unsigned char value[RELAYROW_VALUE_SIZE], const struct relayrow *row);

/* False when the bytes are no such value. */
bool relayrow_parse(struct relayrow *row, const unsigned char *value, size_t len);

#endif
