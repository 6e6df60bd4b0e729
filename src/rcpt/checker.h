/*
 * What all checks of a process share: the CDB and the verdict cache, opened when they are needed,
 * looked for again when they were replaced or could not be used.
 */
#ifndef RCPT_CHECKER_H
#define RCPT_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdbfile.h"
#include "base/record.h"
#include "cache.h"

#define CHECKER_PATH_SIZE 512 /* small: each page touched costs at every start */

/* Sees each line that is sent ('>') or received ('<'), and what happens besides ('='). */
typedef void checker_watch(void *context, char direction, const char *bytes, size_t len);

struct checker {
	char cdb_path[CHECKER_PATH_SIZE], cache_path[CHECKER_PATH_SIZE];
	char tally_path[CHECKER_PATH_SIZE];
	int cdb_folder;       /* from where cdb_path begins: AT_FDCWD, or a descriptor */
	struct cdbfile cdb;   /* fd -1: not open */
	int64_t cdb_looked;   /* when its path was last looked at (deadline.h) */
	uint64_t cdb_serial;  /* another with each that is taken: inodes are used again */
	const char *cdb_kept; /* why a new CDB was not taken; NULL: there was none */
	struct cache cache;
	int64_t cache_looked;      /* when it was last opened; 0: never */
	const char *cache_trouble; /* why it is not open; NULL: it is, or was not needed yet */
	/* What a lock on it may cost a reader, and a writer that already has its answer. */
	int read_wait, write_wait;          /* ms */
	char probe_path[CHECKER_PATH_SIZE]; /* of rcptprobe's socket; "": it is not asked */
	int probe_folder;                   /* where it is to be reached from; -1: anywhere */
	const char *client;                 /* the IP address of our client, "" if unknown */
	const char *self; /* "192.0.2.1:25": the address our client came in by; never asked */
	/* Seconds, in the place of the settings of that name for what we store; 0: as these say. */
	uint32_t positive_expire, negative_expire;
	bool can_defer;       /* who asks can put off this one recipient alone */
	checker_watch *watch; /* or NULL */
	void *watch_context;
};

/* Returns 0, or -1 when home is too long a path. Files are opened when they are needed. */
int checker_open(struct checker *checker, const char *home);

/*
 * Opens the CDB, or its successor when another file has taken its name. A successor that fails
 * its checks leaves the old one in use. Returns 0, or -1 with errno when there is none to use.
 */
int checker_use_cdb(struct checker *checker);

/*
 * Finds the record of a recipient domain, lower case. Returns 1; 0 when there is none; -1 with
 * the trouble, a constant text, in *trouble. Opens what is needed.
 */
int checker_find_domain(struct checker *checker, const char *domain, size_t len,
    struct record *record, const char **trouble);

/* Tells the watcher what happens. */
void checker_tell(const struct checker *checker, const char *text);

/* A constant text for the errno of a call that failed on the CDB. */
const char *checker_cdb_trouble(void);

/*
 * Makes the cache ready for calls that wait so long for locks. Returns false, and why in trouble,
 * when there is none to use.
 */
bool checker_use_cache(struct checker *checker, int busy_ms, const char **trouble);

/*
 * After a call on the cache that failed; why is put into trouble. From now on, and until the next
 * try, there is no cache. One bad row is no reason for that: it is as if it were not there, and
 * the answer to come takes its place.
 */
void checker_lose_cache(struct checker *checker, const char **trouble);

#endif
