#include "lean.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROOM      (64L << 10) /* a verdict that is found takes three quarters of it */
#define STEP      16
#define CLASS_MAX 1024 /* larger blocks are few: only the last one given out comes back */
#define CLASSES   (CLASS_MAX / STEP + 1)

/*
 * In front of each block, those of malloc too. SQLite asks for the size of every block, wants 8
 * bytes of alignment and no more.
 */
struct head {
	uint64_t size; /* with this head, a multiple of STEP */
};

/* What was given back has the next of its size in it. */
struct freed {
	struct freed *next;
};

static struct freed *freed[CLASSES]; /* by size */
static unsigned char room[ROOM] __attribute__((aligned(STEP)));
static size_t used;
static bool one_question;
static sqlite3_vfs *usual; /* SQLite's own way to the files */

static struct head *
head_of(void *block)
{
	return (struct head *)block - 1;
}

static bool
is_ours(const struct head *head)
{
	return (uintptr_t)head - (uintptr_t)room < ROOM;
}

static bool
is_last(const struct head *head)
{
	return (const unsigned char *)head + head->size == room + used;
}

static size_t
whole_size(int size)
{
	return ((size_t)size + sizeof(struct head) + STEP - 1) / STEP * STEP;
}

void *
lean_take(int size)
{
	size_t whole = whole_size(size);
	struct freed *block;
	struct head *head;

	if (size < 0)
		return NULL;
	if (whole <= CLASS_MAX && (block = freed[whole / STEP]) != NULL) {
		freed[whole / STEP] = block->next;
		return block;
	}
	if (whole <= ROOM - used) {
		head = (struct head *)(void *)(room + used);
		used += whole;
	} else if ((head = malloc(whole)) == NULL) {
		return NULL;
	}
	head->size = whole;
	return head + 1;
}

void
lean_give(void *block)
{
	struct head *head;

	if (block == NULL)
		return;
	head = head_of(block);
	if (!is_ours(head)) {
		free(head);
	} else if (is_last(head)) {
		used -= head->size;
	} else if (head->size <= CLASS_MAX) {
		struct freed *next = freed[head->size / STEP];

		freed[head->size / STEP] = block;
		freed[head->size / STEP]->next = next;
	}
}

int
lean_size(void *block)
{
	return block == NULL ? 0 : (int)(head_of(block)->size - sizeof(struct head));
}

void *
lean_resize(void *block, int size)
{
	size_t whole = whole_size(size);
	struct head *head;
	void *other;

	if (block == NULL)
		return lean_take(size);
	if (size < 0)
		return NULL;
	head = head_of(block);
	if (whole <= head->size)
		return block;
	if (is_ours(head) && is_last(head) && whole - head->size <= ROOM - used) {
		used += whole - head->size;
		head->size = whole;
		return block;
	}
	other = lean_take(size);
	if (other != NULL) {
		memcpy(other, block, (size_t)lean_size(block));
		lean_give(block);
	}
	return other;
}

static int
round_up(int size)
{
	return size > INT_MAX - STEP ? size : (int)(whole_size(size) - sizeof(struct head));
}

static int
start(void *unused)
{
	(void)unused;
	return SQLITE_OK;
}

static void
stop(void *unused)
{
	(void)unused;
}

static int
take_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	size_t len = strlen(path);

	if (path[0] != '/' || len >= (size_t)size)
		return usual->xFullPathname(usual, path, size, out);
	(void)vfs;
	memcpy(out, path, len + 1);
	return SQLITE_OK;
}

static bool
is_log(const char *path)
{
	size_t len = strlen(path);

	return len >= 4 && memcmp(path + len - 4, "-wal", 4) == 0;
}

static int
look(sqlite3_vfs *vfs, const char *path, int flags, int *result)
{
	if (!is_log(path))
		return usual->xAccess(vfs, path, flags, result);
	*result = 0;
	return SQLITE_OK;
}

/* A log that is not seen is still opened where the database says that it has one. */
static int
open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
	if (!(flags & SQLITE_OPEN_WAL))
		return usual->xOpen(vfs, path, file, flags, out);
	file->pMethods = NULL;
	return SQLITE_CANTOPEN;
}

/* The usual one, but for that. */
static void
register_vfs(void)
{
	static sqlite3_vfs lean;

	usual = sqlite3_vfs_find(NULL);
	if (usual == NULL)
		return;
	lean = *usual;
	lean.zName = LEAN_VFS;
	lean.pNext = NULL;
	lean.xOpen = open_file;
	lean.xAccess = look;
	if (one_question)
		lean.xFullPathname = take_path;
	sqlite3_vfs_register(&lean, 0);
}

void
lean_one_question(void)
{
	one_question = true;
}

void
lean_set_up(void)
{
	static const sqlite3_mem_methods memory = {
	    .xMalloc = lean_take,
	    .xFree = lean_give,
	    .xRealloc = lean_resize,
	    .xSize = lean_size,
	    .xRoundup = round_up,
	    .xInit = start,
	    .xShutdown = stop,
	};
	static bool done;

	if (done)
		return;
	done = true;
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, (void *)NULL, 0, 0);
	if (one_question)
		sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
	register_vfs();
}
