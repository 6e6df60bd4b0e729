#include "checksum.h"

#define FNV_PRIME 0x100000001b3u

uint64_t
checksum_add(uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ p[i]) * FNV_PRIME;
	return sum;
}

uint64_t
checksum_add_number(uint64_t sum, uint64_t number)
{
	for (int shift = 0; shift < 64; shift += 8)
		sum = (sum ^ (number >> shift & 0xff)) * FNV_PRIME;
	return sum;
}
