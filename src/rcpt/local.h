/*
 * Is an address in the list of users that the CDB has of its domain?
 */
#ifndef RCPT_LOCAL_H
#define RCPT_LOCAL_H

#include <stddef.h>

#include "base/cdbfile.h"
#include "base/record.h"

/*
 * Looks for the local part, any bytes, in the list of a record that is RECORD_LOCAL; domain is
 * the key under which the record was found. It is there when the list has
 *
 *	- the local part, without regard to case; also in quotes, as some mail servers hand it on;
 *	- what stands in front of one of its delimiters (setting delimiter), the longest first;
 *	- a wildcard, as "joe-*", that it begins like;
 *	- a catch-all.
 *
 * Returns 1; 0 when it is proven that it is not; -1 with errno as cdbfile_find.
 */
int local_find(struct cdbfile *cdb, const struct record *record, const char *domain,
    const char *local, size_t len);

#endif
