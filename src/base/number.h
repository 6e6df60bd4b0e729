/*
 * Numbers in stored bytes, low byte first.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

static inline uint64_t
number_get64(const unsigned char bytes[8])
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number |= (uint64_t)bytes[i] << i * 8;
	return number;
}

static inline void
number_put64(unsigned char bytes[8], uint64_t number)
{
	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(number >> i * 8);
}

#endif
