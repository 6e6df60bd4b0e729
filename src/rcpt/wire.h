/*
 * What rcptcheck and rcptprobe say to each other over run/probe.sock (a SOCK_SEQPACKET socket:
 * one packet is one message). One question a connection; each message begins with WIRE_VERSION
 * and a byte that says what it is. Numbers are in network order, a text is a byte of length and
 * its bytes.
 *
 *	"Q" question	1 byte wire_flags, 4 bytes left, text client, then the
 *			address to the end
 *	"S" status	nothing more
 *
 *	"W" wait	nothing more: the question is being asked. Said at once, and every
 *			second again.
 *	"D" directly	nothing more: ask yourself
 *	"A" answer	1 byte each wire_outcome_flags, finding, stage, control; 2 bytes code,
 *			8 bytes each catch_all_since and age; texts enhanced, text, note, host,
 *			trouble
 *	"T" text	a piece of the answer to "status" to the end; the connection's end is
 *			that of the answer
 *
 * A message that is not exactly like this is none.
 */
#ifndef RCPT_WIRE_H
#define RCPT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outcome.h"

#define WIRE_VERSION     1
#define WIRE_SIZE_MAX    1024
#define WIRE_ADDRESS_MAX 512 /* bytes; longer ones are never asked about */
#define WIRE_CLIENT_SIZE 46  /* an IPv6 address, with its NUL */

#define WIRE_FIRST 150  /* ms from the question to the first "wait" */
#define WIRE_EVERY 1000 /* ms between two of them */

enum wire_kind {
	WIRE_NONSENSE = 0,
	WIRE_QUESTION = 'Q',
	WIRE_STATUS = 'S',
	WIRE_WAIT = 'W',
	WIRE_DIRECTLY = 'D',
	WIRE_ANSWER = 'A',
	WIRE_TEXT = 'T',
};

struct wire_question {
	bool refresh;                  /* nobody waits for the answer: it is for the cache */
	uint32_t left;                 /* ms that the asker has */
	char client[WIRE_CLIENT_SIZE]; /* the SMTP client's IP address as text, "" if unknown */
	size_t address_len;
	char address[WIRE_ADDRESS_MAX]; /* as the mail server got it */
};

struct wire_answer {
	struct outcome outcome; /* its catch_all is not sent; its note is one of the next */
	char note[24];
	char trouble[80]; /* with the cache, "" for none */
};

/* Make a message; the length is returned. size of out is WIRE_SIZE_MAX. */
size_t wire_make_question(unsigned char *out, const struct wire_question *question);
size_t wire_make_answer(unsigned char *out, const struct outcome *outcome, const char *trouble);
size_t wire_make_word(unsigned char *out, enum wire_kind kind);

/* What kind of a message is it? The whole of one that has no content is checked with that. */
enum wire_kind wire_kind(const unsigned char *message, size_t len);

/* Return false for a message that is none. A parsed answer must stay where it is. */
bool wire_parse_question(
    struct wire_question *question, const unsigned char *message, size_t len);
bool wire_parse_answer(struct wire_answer *answer, const unsigned char *message, size_t len);

#endif
