/*
 * Which servers do not answer, remembered by all who choose between servers: a small file of
 * fixed records, each with a checksum. Whoever may write it can make us prefer one server of a
 * route to another, and no more: it names no servers, it is asked about those of the map.
 *
 * A file that is missing, cut, damaged or not to be written is as good as an empty one.
 *
 * The file has LIVEFILE_BUCKETS buckets of LIVEFILE_SLOTS records; a server is in the one of its
 * checksum. A record, numbers with the low byte first:
 *	1 byte		enum livefile_kind
 *	1 byte		4 or 6
 *	2 bytes		port
 *	4 bytes		how often it did not answer in turn
 *	16 bytes	address; IPv4 has 12 zeros behind it
 *	8 bytes		until when it is not tried again, milliseconds since 1970
 *	8 bytes		since when it is like this, the same
 *	8 bytes		checksum of all these
 */
#ifndef ROUTE_LIVEFILE_H
#define ROUTE_LIVEFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/record.h"

#define LIVEFILE         "route/live" /* below the home */
#define LIVEFILE_RECORD  48
#define LIVEFILE_SLOTS   8
#define LIVEFILE_BUCKETS 256
#define LIVEFILE_SIZE    (LIVEFILE_RECORD * LIVEFILE_SLOTS * LIVEFILE_BUCKETS)

enum livefile_kind {
	LIVEFILE_NOTHING, /* an empty record */
	LIVEFILE_DEAD,    /* it did not answer */
	LIVEFILE_DOWN, /* somebody said that it is down; that holds until somebody says other */
};

struct livefile_record {
	enum livefile_kind kind;
	struct record_server server;
	uint32_t failures;
	int64_t until, since;
};

struct livefile {
	int fd; /* -1: we work without */
	bool writable;
	bool hurried; /* set by who serves many: a lock that somebody holds is not waited for */
};

/* Opens it, or makes it. Returns 0, or -1 with errno: then there is none, which is fine to use. */
int livefile_open(struct livefile *file, const char *path);

/* The same for one who stays: what is open is kept unless the path has another file, or none. */
int livefile_refresh(struct livefile *file, const char *path);

void livefile_close(struct livefile *file);

/* What is remembered of a server. Returns true and the record; false when that is nothing. */
bool livefile_get(const struct livefile *file, const struct record_server *server,
    struct livefile_record *record);

/* Remembers, or forgets with LIVEFILE_NOTHING. Returns 0, or -1 with errno; ENOSPC: no room. */
int livefile_put(struct livefile *file, const struct livefile_record *record);

/* One record in its bytes, and back: false when they are none. */
void livefile_make(unsigned char bytes[LIVEFILE_RECORD], const struct livefile_record *record);
bool livefile_parse(struct livefile_record *record, const unsigned char bytes[LIVEFILE_RECORD]);

#endif
