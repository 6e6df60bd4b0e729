/*
 * How long a connection waits for what it waits for: until when the server is sound, when it is slow,
 * and when it is too late. No I/O. Times are those of deadline.h, spans are ms.
 */
#ifndef RCPT_PATIENCE_H
#define RCPT_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct patience {
	int64_t wake; /* look again at this time at the latest; INT64_MAX: nothing is awaited */
	uint32_t command_timeout; /* seconds */
	int64_t silence;          /* that the server may keep quite still; 0: no such limit */

	/* its own */
	int64_t slow_at, late_at;
	int64_t heard_at, lull; /* the longest in the flight between two words of it */
};

enum patience_look {
	PATIENCE_ON,   /* it goes on, as before */
	PATIENCE_SLOW, /* it goes on, but has just become slow */
	PATIENCE_OVER,
};

/* Begins a wait of so long; it is slow after the other. */
void patience_begin(struct patience *patience, int64_t full, int64_t slow);

/* For a reply of the opening, or of a flight. */
void patience_for_reply(struct patience *patience, bool flying);

/* For a reply too many behind a flight, which would come about as fast as those before it. */
void patience_listen(struct patience *patience);

/* Nothing is awaited. */
void patience_end(struct patience *patience);

/* A flight begins. Its first wait is yet to. */
void patience_fly(struct patience *patience, uint32_t command_timeout, int64_t silence);

/*
 * The server, in a flight, has said something, whatever it is and however slowly: it is there. Returns
 * true if that was in doubt until now: the wait begins anew.
 */
bool patience_hear(struct patience *patience);

/* Nothing has come. */
enum patience_look patience_look(struct patience *patience);

#endif
