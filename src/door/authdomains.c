#include "authdomains.h"

#include <errno.h>
#include <stdbool.h>

#include "base/cdbwalk.h"
#include "base/record.h"

struct walker {
	bool found, damaged;
};

/*
 * In the order that compile.c has: users come first, whose domains are there too, then two records
 * at most, then the domains. So this ends after a few, however large the file is, unless it begins with
 * many aliases of nothing: whoever emptied the table of domains may have left the aliases.
 */
static int
is_domain(void *arg, const struct cdbfile_record *bytes)
{
	struct walker *walker = arg;
	struct record record;

	switch (bytes->key_len > 0 ? bytes->key[0] : 0) {
	case RECORD_KEY_DOMAIN:
		walker->damaged = record_parse(&record, bytes->value, bytes->len) == -1;
		walker->found = !walker->damaged && (record.flags & RECORD_DANGLING) == 0;
		return walker->damaged || walker->found;
	case RECORD_KEY_USER:
	case RECORD_KEY_PREFIX:
		walker->found = true;
		return 1;
	case RECORD_KEY_LISTED:
	case RECORD_KEY_NAME:
		return 1;
	default:
		return 0;
	}
}

int
authdomains_any(const struct cdbfile *file)
{
	struct walker walker = {false, false};

	if (cdbwalk(file, is_domain, &walker) == -1)
		return -1;
	if (walker.damaged) {
		errno = EPROTO;
		return -1;
	}
	return walker.found;
}
