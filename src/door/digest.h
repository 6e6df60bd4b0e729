/*
 * A fast 64-bit sum for hash tables and for "has anything changed since the last run". Never
 * part of a stored format that another program reads: those have checksum.h. Eight bytes a
 * step, and each step is a bijection of the state and of the bytes, so any change within eight
 * bytes is seen.
 */
#ifndef DOOR_DIGEST_H
#define DOOR_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGEST_START UINT64_C(0x243f6a8885a308d3)

static inline uint64_t
digest_number(uint64_t sum, uint64_t number)
{
	sum ^= number;
	sum = (sum << 29 | sum >> 35) * UINT64_C(0x9e3779b97f4a7c15);
	return sum ^ sum >> 32;
}

static inline uint64_t
digest_bytes(uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t word;

	sum = digest_number(sum, len);
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = digest_number(sum, word);
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, p, len);
		sum = digest_number(sum, word);
	}
	return sum;
}

#endif
