/*
 * A 64-bit checksum over everything we store, so that damage is told from absence.
 *
 * FNV-1a (Fowler, Noll, Vo; IETF draft-eastlake-fnv). It guards against disks, cut files and
 * stray writes, not against an adversary: who can write our files needs no collision. Every step
 * is a bijection of the state, so any change confined to one byte is always seen.
 */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_START 0xcbf29ce484222325u

/* The checksum of what sum covers, followed by these bytes. */
uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len);

/* The same for one number, taken as eight bytes, low byte first. */
uint64_t checksum_add_number(uint64_t sum, uint64_t number);

#endif
