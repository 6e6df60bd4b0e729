#include "cachestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define MODE        0660
#define CHECK_EVERY 3600       /* seconds between checks of a large cache */
#define CHECK_SMALL (4L << 20) /* bytes: up to here each change is followed by a check */
#define SWEEP_EVERY 3600       /* seconds between removals of old rows */

/* Returns false when there are none. */
static bool
read_stamps(const struct cachebeside *cache, struct stat *stamps)
{
	char name[CACHEBESIDE_SIZE];

	return fstatat(cache->folder, cachebeside_name(cache, CACHESTAMP_NAME, name), stamps,
		   AT_SYMLINK_NOFOLLOW) == 0;
}

void
cachestamp_write(const struct cachebeside *cache, bool checked, bool swept)
{
	struct timespec times[2] = {
	    {0, swept ? UTIME_NOW : UTIME_OMIT},
	    {0, checked ? UTIME_NOW : UTIME_OMIT},
	};
	char name[CACHEBESIDE_SIZE];
	int fd = openat(cache->folder, cachebeside_name(cache, CACHESTAMP_NAME, name),
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, MODE);

	if (fd == -1)
		return;
	/* It is of another user, who ran rcptbuild before, and only its owner may set one time of
	   two: away with it, the next run makes one of its own. */
	if (futimens(fd, times) == -1 && errno == EPERM)
		cachebeside_remove(cache, CACHESTAMP_NAME);
	close(fd);
}

/* Is it that long ago? A time to come counts as long ago: the clock was set back. */
static bool
is_due(time_t then, time_t every)
{
	time_t now = time(NULL);

	return then > now || now - then >= every;
}

static bool
is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec >= b.tv_nsec;
}

bool
cachestamp_must_check(const struct cachebeside *cache, const struct stat *database)
{
	struct stat stamps;

	if (!read_stamps(cache, &stamps))
		return true;
	if (!is_later(database->st_mtim, stamps.st_mtim))
		return false;
	return database->st_size <= CHECK_SMALL || is_due(stamps.st_mtim.tv_sec, CHECK_EVERY);
}

bool
cachestamp_must_sweep(const struct cachebeside *cache)
{
	struct stat stamps;

	return !read_stamps(cache, &stamps) || is_due(stamps.st_atim.tv_sec, SWEEP_EVERY);
}
