/*
 * What the checks of a host remember besides verdicts, in the table "memory" of verdicts.db: one
 * row a subject, as disposable as the rest of the cache. It is read only when the cache has no
 * verdict, so that a hit costs nothing more.
 *
 *	subject		what it is about: the key
 *	state, count, since, tried, until, text
 *			what they mean depends on the subject, see below; times are seconds
 *			since 1970
 *	checksum	of all above (checksum.h)
 *
 * "server 192.0.2.1:25": a server that fails us (servers.h). No row: it is fine, or unknown.
 *	state	"down": no answer, or not now; "refuses": it, or the domain, wants nothing
 *		from us
 *	count	how often in a row
 *	since	when that began
 *	tried	when it was last tried
 *	until	it is not asked before; the same as tried: it is asked all the same
 *	text	what happened: a note or a reply
 *
 * "domain example.com": how far the "no" of a domain can be trusted (trust.h)
 *	state	"" or "doubt": each "no" needs a control recipient
 *	count	new "no" since the last "yes", beginning at since
 *	tried	when an address was accepted for the last time
 *	until	how long that is good for
 *	text	the newest good address, a mailbox as in RCPT TO; "" if it was a role's
 *
 * "catch-all 192.0.2.1:25 example.com": does the server accept any address there (catchall.h)?
 *	state	"yes"; "maybe", if it has done so once; "no", "unclear"
 *	since	when that was found
 *	until	how long it holds
 *	text	of "maybe": the address behind which it was found
 */
#ifndef RCPT_MEMORY_H
#define RCPT_MEMORY_H

#include <stdint.h>

#include "base/address.h"
#include "base/record.h"
#include "cache.h"

#define MEMORY_STATE_SIZE   12
#define MEMORY_TEXT_SIZE    ADDRESS_PATH_SIZE
#define MEMORY_SUBJECT_SIZE (16 + RECORD_SERVER_TEXT + RECORD_NAME_SIZE)

#define MEMORY_SERVER    "server "
#define MEMORY_DOMAIN    "domain "
#define MEMORY_CATCH_ALL "catch-all "

#define MEMORY_DOWN    "down"
#define MEMORY_REFUSES "refuses"
#define MEMORY_DOUBT   "doubt"
#define MEMORY_YES     "yes"
#define MEMORY_MAYBE   "maybe"
#define MEMORY_NO      "no"
#define MEMORY_UNCLEAR "unclear"

/* The columns in the order in which they are bound and read. */
#define MEMORY_COLUMNS "subject, state, count, since, tried, until, text, checksum"

struct memory {
	char state[MEMORY_STATE_SIZE];
	int64_t count, since, tried, until;
	char text[MEMORY_TEXT_SIZE];
};

/*
 * All work on an open cache and return -1 for trouble or damage, as those of cache.h do: the
 * caller goes on without.
 */

/* Returns 1 with what is remembered about the subject, or 0 when there is nothing. */
int memory_find(struct cache *cache, const char *subject, struct memory *memory);

/* The same for who is to replace it: a damaged row is nothing, and nothing is all zero. */
int memory_take(struct cache *cache, const char *subject, struct memory *memory);

/* Replace and remove what is remembered, within a write (cachewrite.h). */
int memory_put(struct cache *cache, const char *subject, const struct memory *memory);
int memory_drop(struct cache *cache, const char *subject);

/* Reads a row of MEMORY_COLUMNS. Returns NULL, or what is damaged, a constant text. */
const char *memory_parse(sqlite3_stmt *statement, struct memory *memory);

#endif
