#include "relayrow.h"

#include <string.h>

#include "base/number.h"

bool
relayrow_is_fresh(const struct relayrow *row, int64_t now)
{
	if (row->logintime < 0 || row->expires < 0)
		return false;
	return row->expires == 0 ||
	    (row->expires > now && row->logintime <= now + RELAYROW_SLACK);
}

size_t
relayrow_key(char key[RELAYROW_KEY_SIZE], const char *address)
{
	size_t len = strlen(address);

	key[0] = '\0'; /* Postfix never asks for this */
	memcpy(key + 1, address, len);
	return 1 + len;
}

void
relayrow_make(unsigned char value[RELAYROW_VALUE_SIZE], const struct relayrow *row)
{
	number_put64(value, (uint64_t)row->logintime);
	number_put64(value + 8, (uint64_t)row->expires);
}

bool
relayrow_parse(struct relayrow *row, const unsigned char *value, size_t len)
{
	if (len != RELAYROW_VALUE_SIZE)
		return false;
	row->logintime = (int64_t)number_get64(value);
	row->expires = (int64_t)number_get64(value + 8);
	return true;
}
