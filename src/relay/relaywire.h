/*
 * What relayd and those who speak to it say to each other, each in one message of a SOCK_SEQPACKET
 * socket. Numbers have their low byte first.
 *
 *	1 byte		RELAYWIRE_VERSION
 *	1 byte		enum relaywire_kind
 *	8 bytes		a serial number: the client counts what it says from 1 on; RELAYWIRE_DONE
 *			is for all up to this one
 * then
 *	MARK		address, user and source, each with a NUL behind it
 *	AGE		8 bytes, minutes: rows older than these are to go
 *	DONE		8 bytes, for how many seconds a mark holds
 *	REFUSED		a text that says why; number 0: the client may say nothing at all
 */
#ifndef RELAY_RELAYWIRE_H
#define RELAY_RELAYWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relayaddress.h"

#define RELAYWIRE_VERSION     1
#define RELAYWIRE_USER_SIZE   256
#define RELAYWIRE_SOURCE_SIZE 32
#define RELAYWIRE_TEXT_SIZE   256
#define RELAYWIRE_SIZE_MAX    512 /* more than any message has */
#define RELAYWIRE_MINUTES_MAX (100 * 366 * 24 * 60)

enum relaywire_kind {
	RELAYWIRE_NONE, /* no message of ours */
	RELAYWIRE_MARK = 'M',
	RELAYWIRE_AGE = 'G',
	RELAYWIRE_DONE = 'D',
	RELAYWIRE_REFUSED = 'R',
};

/* Texts are printable ASCII, and end in a NUL. */
struct relaywire_mark {
	char address[RELAYADDRESS_SIZE]; /* as relayaddress_normalise makes it */
	char user[RELAYWIRE_USER_SIZE];
	char source[RELAYWIRE_SOURCE_SIZE];
};

struct relaywire_message {
	enum relaywire_kind kind;
	uint64_t serial;
	struct relaywire_mark mark;     /* of MARK */
	int64_t number;                 /* minutes of AGE, seconds of DONE */
	char text[RELAYWIRE_TEXT_SIZE]; /* of REFUSED: printable */
};

/*
 * Fills a mark from what the outside says: the address is normalised, user and source are cut and
 * made printable. Returns NULL, or why the address cannot be marked (relayaddress.h).
 */
const char *relaywire_set_mark(struct relaywire_mark *mark, const char *address,
    const char *user, size_t user_len, const char *source);

/* All return the length of the message. */
size_t relaywire_make_mark(
    unsigned char out[RELAYWIRE_SIZE_MAX], uint64_t serial, const struct relaywire_mark *mark);
size_t relaywire_make_number(unsigned char out[RELAYWIRE_SIZE_MAX], enum relaywire_kind kind,
    uint64_t serial, int64_t number);
size_t relaywire_make_refused(
    unsigned char out[RELAYWIRE_SIZE_MAX], uint64_t serial, const char *text);

/* False, and kind is RELAYWIRE_NONE, for anything but a message that one of these made. */
bool relaywire_parse(struct relaywire_message *message, const unsigned char *bytes, size_t len);

#endif
