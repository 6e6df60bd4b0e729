#include "intern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

#define SLOTS_FIRST 64
#define SLOTS_MAX   (UINT32_C(1) << 31)

void *
array_room(void *items, size_t count, size_t *room, size_t item_size)
{
	size_t more;
	void *moved;

	if (count < *room)
		return items;
	more = *room < 16 ? 16 : *room * 2;
	if (more > SIZE_MAX / item_size) {
		errno = ENOMEM;
		return NULL;
	}
	if ((moved = realloc(items, more * item_size)) != NULL)
		*room = more;
	return moved;
}

const char *
intern_text(const struct intern *intern, uint32_t number)
{
	return intern->bytes + intern->starts[number];
}

size_t
intern_len(const struct intern *intern, uint32_t number)
{
	size_t end = number + 1 < intern->count ? intern->starts[number + 1] : intern->used;

	return end - intern->starts[number] - 1;
}

uint64_t
intern_hash(const void *bytes, size_t len)
{
	return checksum_add(CHECKSUM_START, bytes, len);
}

/* Where to begin to look. The low bits of a checksum are not even enough for that. */
static uint32_t
place_of(const struct intern *intern, uint64_t sum)
{
	return (uint32_t)(sum * UINT64_C(0xff51afd7ed558ccd) >> 33) & (intern->slot_count - 1);
}

void
intern_announce(const struct intern *intern, uint64_t sum)
{
#ifdef __GNUC__
	if (intern->slot_count > 0)
		__builtin_prefetch(&intern->slots[place_of(intern, sum)], 1);
#else
	(void)intern, (void)sum;
#endif
}

/* The slot that holds the text, or the free one where it belongs, with its hash set. */
static struct intern_slot *
slot_of(const struct intern *intern, uint64_t sum, const void *bytes, size_t len)
{
	uint32_t hash = (uint32_t)(sum >> 32);

	for (uint32_t at = place_of(intern, sum);; at++) {
		struct intern_slot *slot = &intern->slots[at &= intern->slot_count - 1];

		if (slot->number == INTERN_NONE) {
			slot->hash = hash;
			return slot;
		}
		if (slot->hash == hash && intern_len(intern, slot->number) == len &&
		    memcmp(intern_text(intern, slot->number), bytes, len) == 0)
			return slot;
	}
}

static int
set_slots(struct intern *intern, uint32_t count)
{
	struct intern_slot *slots = malloc(count * sizeof(*slots));

	if (slots == NULL)
		return -1;
	free(intern->slots);
	intern->slots = slots;
	intern->slot_count = count;
	memset(slots, 0xff, count * sizeof(*slots)); /* INTERN_NONE */
	for (uint32_t i = 0; i < intern->count; i++) {
		const char *text = intern_text(intern, i);
		size_t len = intern_len(intern, i);

		slot_of(intern, intern_hash(text, len), text, len)->number = i;
	}
	return 0;
}

/* At most three quarters full: longer walks are slow, and more room is a waste. */
static bool
is_full(uint32_t slots, uint64_t count)
{
	return count >= slots / 4 * 3;
}

void
intern_expect(struct intern *intern, uint64_t count)
{
	uint32_t slots = SLOTS_FIRST;

	while (is_full(slots, count) && slots < SLOTS_MAX)
		slots *= 2;
	if (slots > intern->slot_count)
		(void)set_slots(intern, slots);
}

static int
more_bytes(struct intern *intern, size_t len)
{
	while (intern->room - intern->used < len + 1) {
		size_t more = intern->room == 0 ? 4096 : intern->room * 2;
		char *bytes;

		if (intern->used + len >= UINT32_MAX) {
			errno = ENOMEM;
			return -1;
		}
		if ((bytes = realloc(intern->bytes, more)) == NULL)
			return -1;
		intern->bytes = bytes;
		intern->room = more;
	}
	return 0;
}

uint32_t
intern_add(struct intern *intern, const void *bytes, size_t len)
{
	return intern_add_hashed(intern, intern_hash(bytes, len), bytes, len);
}

uint32_t
intern_add_hashed(struct intern *intern, uint64_t sum, const void *bytes, size_t len)
{
	struct intern_slot *slot;
	uint32_t *starts;

	if (is_full(intern->slot_count, intern->count)) {
		if (intern->slot_count == SLOTS_MAX) {
			errno = ENOMEM;
			return INTERN_NONE;
		}
		if (set_slots(intern,
			intern->slot_count == 0 ? SLOTS_FIRST : intern->slot_count * 2) == -1)
			return INTERN_NONE;
	}
	slot = slot_of(intern, sum, bytes, len);
	if (slot->number != INTERN_NONE)
		return slot->number;
	starts = array_room(
	    intern->starts, intern->count, &intern->starts_room, sizeof(*intern->starts));
	if (starts == NULL)
		return INTERN_NONE;
	intern->starts = starts;
	if (more_bytes(intern, len) == -1)
		return INTERN_NONE;
	intern->starts[intern->count] = (uint32_t)intern->used;
	memcpy(intern->bytes + intern->used, bytes, len);
	intern->bytes[intern->used + len] = '\0';
	intern->used += len + 1;
	slot->number = intern->count;
	return intern->count++;
}

uint32_t
intern_find(const struct intern *intern, const void *bytes, size_t len)
{
	if (intern->slot_count == 0)
		return INTERN_NONE;
	return slot_of(intern, intern_hash(bytes, len), bytes, len)->number;
}

void
intern_free(struct intern *intern)
{
	free(intern->bytes);
	free(intern->starts);
	free(intern->slots);
	memset(intern, 0, sizeof(*intern));
}
