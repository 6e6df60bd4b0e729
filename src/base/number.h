/*
 * Numbers in stored bytes, low byte first.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
number_get64(const unsigned char bytes[8])
{
	uint64_t number;

	/* One load: gcc 12 does not make one of eight bytes that are put together. */
	memcpy(&number, bytes, sizeof(number));
	return le64toh(number);
}

static inline void
number_put64(unsigned char bytes[8], uint64_t number)
{
	number = htole64(number);
	memcpy(bytes, &number, sizeof(number));
}

#endif
