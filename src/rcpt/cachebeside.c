#include "cachebeside.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
cachebeside_open(struct cachebeside *cache, const char *path)
{
	char copy[PATH_MAX], folder[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(copy))
		return "its path is too long";
	memcpy(copy, path, len + 1);
	if (snprintf(cache->name, sizeof(cache->name), "%s", basename(copy)) >=
	    (int)sizeof(cache->name))
		return "its name is too long";
	memcpy(copy, path, len + 1);
	if (realpath(dirname(copy), folder) == NULL)
		return "its folder is missing or closed to us";
	if (snprintf(cache->path, sizeof(cache->path), "%s/%s", folder, cache->name) >=
	    (int)sizeof(cache->path))
		return "its path is too long";
	cache->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache->folder == -1)
		return "its folder is missing or closed to us";
	return NULL;
}

const char *
cachebeside_name(
    const struct cachebeside *cache, const char *suffix, char name[CACHEBESIDE_SIZE])
{
	snprintf(name, CACHEBESIDE_SIZE, "%s%s", cache->name, suffix);
	return name;
}

void
cachebeside_remove(const struct cachebeside *cache, const char *suffix)
{
	char name[CACHEBESIDE_SIZE];

	if (unlinkat(cache->folder, cachebeside_name(cache, suffix, name), 0) == -1 &&
	    errno == EISDIR)
		unlinkat(cache->folder, name, AT_REMOVEDIR);
}

void
cachebeside_remove_journals(const struct cachebeside *cache)
{
	cachebeside_remove(cache, "-journal");
	cachebeside_remove(cache, "-wal");
	cachebeside_remove(cache, "-shm");
}
