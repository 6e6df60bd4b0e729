#include "authdomains.h"

#include <stdbool.h>

#include "base/cdbwalk.h"
#include "base/record.h"

/*
 * In the order that compile.c has: users come first, whose domains are there too, then two records
 * at most, then the domains. So this ends after a few, however large the file is.
 */
static int
is_domain(void *arg, const struct cdbfile_record *record)
{
	bool *found = arg;

	switch (record->key_len > 0 ? record->key[0] : 0) {
	case RECORD_KEY_DOMAIN:
	case RECORD_KEY_USER:
	case RECORD_KEY_PREFIX:
		*found = true;
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
	bool found = false;

	if (cdbwalk(file, is_domain, &found) == -1)
		return -1;
	return found;
}
