#include "cdbwalk.h"

#include <string.h>

#define WINDOW 65536
#define GUESS  128 /* most records are shorter */

/* A part of the file, since to read each of millions of records by itself takes seconds. */
struct window {
	uint64_t start;
	size_t len;
	unsigned char bytes[WINDOW];
};

/* Moves the window to the offset unless the longest record there fits into it. */
static int
move_window(const struct cdbfile *file, struct window *window, uint64_t offset)
{
	size_t longest = sizeof(((struct cdbfile_record *)NULL)->bytes);
	uint64_t left = file->tables - offset;

	if (left < longest)
		longest = (size_t)left;
	if (offset >= window->start && offset - window->start + longest <= window->len)
		return 0;
	window->start = offset;
	window->len = left < WINDOW ? (size_t)left : WINDOW;
	return cdbfile_read_bytes(file, window->bytes, window->len, offset);
}

static int
next_record(const struct cdbfile *file, struct window *window, uint64_t offset,
    struct cdbfile_record *record)
{
	uint64_t there = file->tables - offset;
	const unsigned char *bytes;
	int more;

	/* Too near to the end to be one: that is damage, and cdbfile_read_record says so. */
	if (there < 8)
		return cdbfile_read_record(file, offset, record);
	if (move_window(file, window, offset) == -1)
		return -1;
	bytes = window->bytes + (offset - window->start);
	if (there > GUESS)
		there = GUESS;
	memcpy(record->bytes, bytes, (size_t)there);
	more = cdbfile_prove_record(file, offset, there, record);
	if (more != 1)
		return more;
	there = record->end - offset;
	memcpy(record->bytes, bytes, (size_t)there);
	return cdbfile_prove_record(file, offset, there, record);
}

int
cdbwalk(const struct cdbfile *file, int (*each)(void *arg, const struct cdbfile_record *record),
    void *arg)
{
	struct cdbfile_record record;
	struct window window;
	struct cdbfile_block block;

	window.start = window.len = 0;
	/* Each has a length and lies in front of the tables, so this comes to its end. */
	for (uint64_t at = CDBFILE_CONTENTS; at < file->tables; at = record.end) {
		if (next_record(file, &window, at, &record) == -1)
			return -1;
		if (each(arg, &record) != 0)
			return 1;
	}
	for (uint64_t at = file->tables; at < file->blocks; at += block.size)
		if (cdbfile_read_block(file, &block, at) == -1 ||
		    cdbfile_prove_block(file, &block) == -1)
			return -1;
	return cdbfile_prove_contents(file);
}
