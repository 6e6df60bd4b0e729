/*
 * The verdict cache, cache/verdicts.db: what primaries have said about addresses, until it
 * expires.
 *
 * It is disposable. rcptcheck opens, reads and writes it, never creates, unlinks or repairs it
 * (cachefile.h does, for rcptbuild); any trouble here means going on without it. A row, of
 * which cacherow.c is the one make/parse pair:
 *
 *	address		local part as given (or folded), "@", domain in lower case: the key
 *	class		finding_name of EXISTS, UNKNOWN or REFUSED
 *	code		SMTP reply code
 *	enhanced	enhanced status code, "" where the server gave none
 *	host		the server that said so, "192.0.2.1:25"
 *	text		what it said, printable, cut to CACHE_TEXT_MAX
 *	probed		when it was asked, seconds since 1970
 *	expires		until when it holds by itself, seconds since 1970
 *	checksum	of all above (checksum.h); a row without the right one is damage,
 *			not absence
 *
 * A call that meets damage leaves an empty file beside the database, its name with
 * CACHE_DAMAGED behind it, so that rcptbuild looks into it at its next run.
 */
#ifndef RCPT_CACHE_H
#define RCPT_CACHE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "finding.h"

#define CACHE_TEXT_MAX       200
#define CACHE_KEY_MAX        512 /* bytes of an address; longer ones are never cached */
#define CACHE_SCHEMA_VERSION 2   /* PRAGMA user_version */
#define CACHE_DAMAGED        ".damaged"
#define CACHE_STATEMENTS     12 /* that are kept: all texts there are */

struct cache_entry {
	enum finding finding;
	int code;
	char enhanced[12]; /* "5.123.123" */
	char host[56];
	char text[CACHE_TEXT_MAX + 1];
	int64_t probed, expires;
};

/* It must stay where it is from cache_open to cache_close. */
struct cache {
	sqlite3 *db; /* NULL: not open */
	const char *reason;
	bool damaged; /* the reason is damage, not trouble that may pass */
	bool locked;  /* it is a lock that somebody else holds */
	bool
	    bad_row; /* the damage is that of the one row asked for; the cache goes on working */
	int busy_ms;
	int64_t until; /* no lock is waited for any longer in this call */
	bool hasty;    /* it writes without waiting for the disk */
	struct {
		const char *sql;
		sqlite3_stmt *statement;
	} kept[CACHE_STATEMENTS];
};

/* What the last call found wrong, for the log: a constant text, "" where nothing was. */
const char *cache_reason(const struct cache *cache);

/*
 * Opens the cache at path. busy_ms is how long any one call may wait for locks. Returns 0, or
 * -1: the cache is missing, not a database, of another schema, or cannot be read; then all
 * other calls may still be made and fail at once, for the same reason. The first call of a
 * process sets SQLite up for use without threads.
 */
int cache_open(struct cache *cache, const char *path, int busy_ms);

/* The same, with flags for sqlite3_open_v2 besides those that are always set. */
int cache_open_flags(struct cache *cache, const char *path, int busy_ms, int flags);

/* How long a call may wait for locks from now on. */
void cache_set_busy(struct cache *cache, int busy_ms);

/* Returns 1 with the entry, expired or not; 0 when there is none; -1 for trouble or damage. */
int cache_find(struct cache *cache, const char *key, size_t key_len, struct cache_entry *entry);

/*
 * For programs that put their own statements to cache->db: starts the wait for locks anew, and
 * explains a failed statement: sets the reason, leaves the mark of damage. Returns -1.
 */
void cache_begin(struct cache *cache);
int cache_trouble(struct cache *cache);

/* The same for a row that is not as it should be. Returns -1. */
int cache_damage(struct cache *cache, const char *reason);

/*
 * A statement for a constant text, made once and kept for the next time. NULL, with the reason,
 * when it cannot be. All its parameters are to be bound; it holds locks from its first step to
 * cache_release.
 */
sqlite3_stmt *cache_statement(struct cache *cache, const char *sql);
void cache_release(sqlite3_stmt *statement);

/* Goes on with a statement. Returns 1 with a row, 0 when there is none left, -1 with the reason. */
int cache_step(struct cache *cache, sqlite3_stmt *statement);

/* What the parser of the one row asked for says: NULL, returns 1; or its damage, returns -1. */
int cache_row(struct cache *cache, const char *damage);

/* The row of the address ?1. */
extern const char cache_select_sql[];

void cache_close(struct cache *cache);

#endif
