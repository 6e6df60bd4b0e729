/*
 * Where the verdict cache is, for who looks after it: its folder, held open, and the names of what
 * lies beside it.
 */
#ifndef RCPT_CACHEBESIDE_H
#define RCPT_CACHEBESIDE_H

#include <limits.h>

#define CACHEBESIDE_SIZE (NAME_MAX + 16)

struct cachebeside {
	int folder;              /* -1: not open */
	char name[NAME_MAX + 1]; /* of the cache in it */
	char path[PATH_MAX];     /* without links, for SQLITE_OPEN_NOFOLLOW */
};

/*
 * Splits the path of the cache and resolves its folder, which the administrator may have put
 * elsewhere. Returns NULL, or why not, a constant text. The folder is the caller's to close.
 */
const char *cachebeside_open(struct cachebeside *cache, const char *path);

/* The name of a file beside the cache: its own with suffix. Returns name. */
const char *cachebeside_name(
    const struct cachebeside *cache, const char *suffix, char name[CACHEBESIDE_SIZE]);

/* Removes it, an empty folder too. */
void cachebeside_remove(const struct cachebeside *cache, const char *suffix);

/* Removes SQLite's files. */
void cachebeside_remove_journals(const struct cachebeside *cache);

#endif
