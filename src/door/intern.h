/*
 * Texts kept once each: a text or any other run of bytes becomes a number, counted from 0,
 * under which the user keeps what else he knows about it. Made for millions of short texts: 15
 * to 26 bytes each besides the text.
 */
#ifndef DOOR_INTERN_H
#define DOOR_INTERN_H

#include <stddef.h>
#include <stdint.h>

#define INTERN_NONE UINT32_MAX

/* One look at memory far away tells nearly always whether this is the one. */
struct intern_slot {
	uint32_t number; /* INTERN_NONE: free */
	uint32_t hash;   /* the bits of it that do not choose the slot */
};

struct intern {
	char *bytes; /* all texts, each followed by NUL */
	size_t used, room;
	uint32_t *starts; /* count of them */
	uint32_t count;
	size_t starts_room;
	struct intern_slot *slots; /* open addressing; slot_count is a power of two, or 0 */
	uint32_t slot_count;
};

/* Starts empty with {0}. */

/* The number of the text, new or old; INTERN_NONE with errno when memory (or 4 GB) is used up.
 */
uint32_t intern_add(struct intern *intern, const void *bytes, size_t len);

/*
 * The same in steps, for many at once: announce that a text of this hash is to be added soon,
 * and the memory it needs is fetched meanwhile.
 */
uint64_t intern_hash(const void *bytes, size_t len);
void intern_announce(const struct intern *intern, uint64_t sum);
uint32_t intern_add_hashed(struct intern *intern, uint64_t sum, const void *bytes, size_t len);

/* Makes room for about so many texts at once: saves time, and is never needed. */
void intern_expect(struct intern *intern, uint64_t count);

/* The number of the text, or INTERN_NONE. */
uint32_t intern_find(const struct intern *intern, const void *bytes, size_t len);

/* The text of a number, followed by NUL; good until the next intern_add. */
const char *intern_text(const struct intern *intern, uint32_t number);
size_t intern_len(const struct intern *intern, uint32_t number);

void intern_free(struct intern *intern);

/*
 * Makes room for one item more in an array of count items. Returns the array, moved or not, or
 * NULL with errno; the old one is still there then.
 */
void *array_room(void *items, size_t count, size_t *room, size_t item_size);

#endif
