#include "cachefile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "cache.h"
#include "cachecheck.h"
#include "cacherow.h"
#include "tallysum.h"

#define BUSY_MS     5000
#define CHECK_EVERY 3600       /* seconds between checks of a large cache */
#define CHECK_SMALL (4L << 20) /* bytes: up to here each change is followed by a check */
#define SWEEP_EVERY 3600       /* seconds between removals of old rows */
#define MODE        0660       /* the hook's user writes through the folder's group */

/*
 * SQLite's lock bytes (sqlite.org/fileformat2.html, 1.2.2): PENDING, RESERVED, 510 of SHARED.
 */
#define LOCK_START  0x40000000
#define LOCK_LENGTH 512

struct cachefile {
	int folder;
	char name[NAME_MAX + 1];
	char path[PATH_MAX]; /* without links, for SQLITE_OPEN_NOFOLLOW */
	const char *what;
};

static int
trouble(struct cachefile *file, const char *what)
{
	file->what = what;
	return -1;
}

/* The name of a file beside the cache. */
static const char *
beside(const struct cachefile *file, const char *suffix, char name[NAME_MAX + 16])
{
	snprintf(name, NAME_MAX + 16, "%s%s", file->name, suffix);
	return name;
}

static void
remove_beside(const struct cachefile *file, const char *suffix)
{
	char name[NAME_MAX + 16];

	if (unlinkat(file->folder, beside(file, suffix, name), 0) == -1 && errno == EISDIR)
		unlinkat(file->folder, name, AT_REMOVEDIR);
}

static void
remove_side_files(const struct cachefile *file)
{
	remove_beside(file, "-journal");
	remove_beside(file, "-wal");
	remove_beside(file, "-shm");
}

/*
 * The file ".checked" is empty; its times are its content: the modification time is the start
 * of the last check of all pages that found nothing, the access time that of the last removal
 * of old rows. Returns false when there is none.
 */
static bool
read_stamps(const struct cachefile *file, struct stat *stamps)
{
	char name[NAME_MAX + 16];

	return fstatat(file->folder, beside(file, CACHEFILE_CHECKED, name), stamps,
		   AT_SYMLINK_NOFOLLOW) == 0;
}

static void
write_stamp(const struct cachefile *file, bool checked, bool swept)
{
	struct timespec times[2] = {
	    {0, swept ? UTIME_NOW : UTIME_OMIT},
	    {0, checked ? UTIME_NOW : UTIME_OMIT},
	};
	char name[NAME_MAX + 16];
	int fd = openat(file->folder, beside(file, CACHEFILE_CHECKED, name),
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, MODE);

	if (fd == -1)
		return;
	/* It is of another user, who ran rcptbuild before, and only its owner may set one time of
	   two: away with it, the next run makes one of its own. */
	if (futimens(fd, times) == -1 && errno == EPERM)
		remove_beside(file, CACHEFILE_CHECKED);
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

static bool
must_check(const struct cachefile *file, const struct stat *database)
{
	struct stat stamps;

	if (!read_stamps(file, &stamps))
		return true;
	if (!is_later(database->st_mtim, stamps.st_mtim))
		return false;
	return database->st_size <= CHECK_SMALL || is_due(stamps.st_mtim.tv_sec, CHECK_EVERY);
}

static bool
must_sweep(const struct cachefile *file)
{
	struct stat stamps;

	return !read_stamps(file, &stamps) || is_due(stamps.st_atim.tv_sec, SWEEP_EVERY);
}

/*
 * Makes a cache under another name and links it to its own: nobody sees half a schema, and a
 * cache that somebody else made meanwhile is not overwritten. A journal of an earlier cache,
 * left behind when only the database was removed, would be played back into the new one: away
 * with it first.
 */
static int
create(struct cachefile *file)
{
	static const char suffix[] = ".new";
	char name[NAME_MAX + 16], path[PATH_MAX + 16];
	sqlite3 *db = NULL;
	int fd, result = -1;

	remove_beside(file, suffix);
	fd = openat(file->folder, beside(file, suffix, name),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd == -1)
		return trouble(file, "a new one cannot be created in its folder");
	if (fchmod(fd, MODE) == -1) /* whatever the umask */
		trouble(file, "the mode of a new one cannot be set");
	else
		result = 0;
	close(fd);
	snprintf(path, sizeof(path), "%s%s", file->path, suffix);
	if (result == 0 &&
	    (sqlite3_open_v2(path, &db,
		 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
		 NULL) != SQLITE_OK ||
		sqlite3_exec(db, "PRAGMA journal_mode = MEMORY; BEGIN", NULL, NULL, NULL) !=
		    SQLITE_OK ||
		sqlite3_exec(db, cacherow_schema, NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK))
		result = trouble(file, "a new one cannot be written: is the disk full?");
	sqlite3_close(db);
	if (result == 0) {
		remove_side_files(file);
		if (linkat(file->folder, name, file->folder, file->name, 0) == -1 &&
		    errno != EEXIST)
			result = trouble(file, "a new one cannot be given its name");
	}
	remove_beside(file, suffix);
	if (result == -1)
		return -1;
	remove_beside(file, CACHE_DAMAGED);
	write_stamp(file, true, true);
	file->what = "it did not exist";
	return 1;
}

/*
 * Removes journals that belong to rows we throw away, holding by hand the locks that SQLite
 * takes to write: a journal that cannot be opened, or is not ours to play back, would stop
 * SQLite before it gets to reset anything.
 */
static int
discard_journals(struct cachefile *file)
{
	struct flock lock = {.l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = LOCK_START,
	    .l_len = LOCK_LENGTH};
	int64_t until = deadline_now() + BUSY_MS;
	int fd = openat(file->folder, file->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1)
		return trouble(file, "it is damaged and cannot be opened to replace it");
	while (fcntl(fd, F_SETLK, &lock) == -1) {
		if ((errno != EAGAIN && errno != EACCES) || deadline_left(until) == 0) {
			close(fd);
			return trouble(file, "it is damaged, and locked by another process");
		}
		poll(NULL, 0, 5);
	}
	remove_side_files(file);
	close(fd);
	return 0;
}

static int
wait_for_lock(void *arg, int times)
{
	int64_t *until = arg;

	(void)times;
	if (deadline_left(*until) == 0)
		return 0;
	poll(NULL, 0, 5);
	return 1;
}

/*
 * Empties a damaged cache in place, within SQLite's locks. Never by unlinking it and making
 * another: a process that still has the old inode open would put its journal under the same
 * name, and the next one to open the new database would play it back there, or delete the
 * journal of a running transaction.
 */
static int
reset(struct cachefile *file)
{
	sqlite3 *db = NULL;
	struct cache cache;
	int64_t until = deadline_now() + BUSY_MS;
	const char *why = file->what;
	bool done, locked;

	if (discard_journals(file) == -1)
		return -1;
	done = sqlite3_open_v2(file->path, &db,
		   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
		   NULL) == SQLITE_OK &&
	    sqlite3_busy_handler(db, wait_for_lock, &until) == SQLITE_OK &&
	    sqlite3_db_config(db, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, "VACUUM", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_db_config(db, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, "PRAGMA journal_mode = DELETE; BEGIN IMMEDIATE", NULL, NULL,
		NULL) == SQLITE_OK &&
	    sqlite3_exec(db, cacherow_schema, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
	locked = !done && sqlite3_errcode(db) == SQLITE_BUSY;
	sqlite3_close(db);
	if (locked)
		return trouble(file, "it is damaged, and locked by another process");
	if (!done || cache_open_flags(&cache, file->path, BUSY_MS, SQLITE_OPEN_NOFOLLOW) == -1)
		return trouble(
		    file, "it is damaged and cannot be emptied: remove it while no check runs");
	cache_close(&cache);
	remove_beside(file, CACHE_DAMAGED);
	write_stamp(file, true, true);
	file->what = why;
	return 1;
}

/*
 * The stamp is set before the check, so that what is written during it is checked next time.
 */
static int
check(const struct cachefile *file, struct cache *cache, bool rows)
{
	write_stamp(file, true, false);
	if (cachecheck_pages(cache) == 0 && (!rows || cachecheck_rows(cache) == 0) &&
	    cachecheck_count(cache) == 0)
		return 0;
	remove_beside(file, CACHEFILE_CHECKED);
	return -1;
}

static int
maintain(struct cachefile *file, bool thorough)
{
	struct stat database, other;
	struct cache cache;
	char name[NAME_MAX + 16];
	int result;
	bool marked, sweep_due, check_due;

	if (fstatat(file->folder, file->name, &database, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == ENOENT)
			return create(file);
		return trouble(file, "its state cannot be read");
	}
	if (!S_ISREG(database.st_mode))
		return trouble(file, "it is no regular file: remove it");
	if (fstatat(file->folder, beside(file, "-journal", name), &other,
		AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(other.st_mode)) {
		file->what = "its journal is no regular file";
		return reset(file);
	}
	marked = fstatat(file->folder, beside(file, CACHE_DAMAGED, name), &other,
		     AT_SYMLINK_NOFOLLOW) == 0;
	sweep_due = must_sweep(file);
	check_due = marked || thorough || must_check(file, &database);
	result = cache_open_flags(&cache, file->path, BUSY_MS, SQLITE_OPEN_NOFOLLOW);
	if (result == 0 && sweep_due)
		result = cachecheck_sweep(&cache, (int64_t)time(NULL) - CACHEFILE_KEEP_STALE);
	if (result == 0 && check_due)
		result = check(file, &cache, marked || thorough);
	if (result == 0 && sweep_due)
		write_stamp(file, false, true);
	cache_close(&cache);
	if (result == 0) {
		if (marked)
			remove_beside(file, CACHE_DAMAGED);
		return 0;
	}
	file->what = cache_reason(&cache);
	return cache.damaged ? reset(file) : -1;
}

/* Splits the path and resolves its folder, which the administrator may have put elsewhere. */
static int
resolve(struct cachefile *file, const char *path)
{
	char copy[PATH_MAX], folder[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(copy))
		return trouble(file, "its path is too long");
	memcpy(copy, path, len + 1);
	if (snprintf(file->name, sizeof(file->name), "%s", basename(copy)) >=
	    (int)sizeof(file->name))
		return trouble(file, "its name is too long");
	memcpy(copy, path, len + 1);
	if (realpath(dirname(copy), folder) == NULL)
		return trouble(file, "its folder is missing or closed to us");
	if (snprintf(file->path, sizeof(file->path), "%s/%s", folder, file->name) >=
	    (int)sizeof(file->path))
		return trouble(file, "its path is too long");
	file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->folder == -1)
		return trouble(file, "its folder is missing or closed to us");
	return 0;
}

int
cachefile_maintain(const char *path, bool thorough, const char **what)
{
	struct cachefile file = {.folder = -1, .what = ""};
	int result = resolve(&file, path);

	if (result == 0) {
		if (flock(file.folder, LOCK_EX | LOCK_NB) == 0) {
			tallysum_keep(file.folder);
			result = maintain(&file, thorough);
		} else if (errno != EWOULDBLOCK) {
			/* else another process does the same just now */
			result = trouble(&file, "its folder cannot be locked");
		}
		close(file.folder);
	}
	*what = result == 0 ? "" : file.what;
	return result;
}
