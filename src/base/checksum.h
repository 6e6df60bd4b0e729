/*
 * A 64-bit checksum: over everything we store, so that damage is told from absence, and for
 * "is this the same as last time".
 *
 * Eight bytes at a step, low byte first, each step a bijection of the state and of what goes
 * in: a change confined to eight bytes is always seen, any other but once in 2^64. It guards
 * against disks, cut files and stray writes, not against an adversary: who can write our files
 * needs no collision.
 */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "number.h"

#define CHECKSUM_START UINT64_C(0x243f6a8885a308d3) /* pi */

/* The checksum of what sum covers, followed by this number. */
static inline uint64_t
checksum_add_number(uint64_t sum, uint64_t number)
{
	sum ^= number;
	sum = (sum << 29 | sum >> 35) * UINT64_C(0x9e3779b97f4a7c15);
	return sum ^ sum >> 32;
}

/*
 * The same, followed by these bytes. Their length goes in first, so that no byte can move from
 * one piece to the next; what is left of the last eight bytes is filled up with zeros.
 */
static inline uint64_t
checksum_add(uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	sum = checksum_add_number(sum, len);
	for (; len >= 8; p += 8, len -= 8)
		sum = checksum_add_number(sum, number_get64(p));
	if (len > 0) {
		uint64_t rest = 0;

		for (size_t i = 0; i < len; i++)
			rest |= (uint64_t)p[i] << i * 8;
		sum = checksum_add_number(sum, rest);
	}
	return sum;
}

#endif
