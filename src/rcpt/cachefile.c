#include "cachefile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/lean.h"
#include "cache.h"
#include "cachebeside.h"
#include "cachecheck.h"
#include "cacherow.h"
#include "cachestamp.h"
#include "tallysum.h"

#define BUSY_MS 5000
#define MODE    0660 /* the hook's user writes through the folder's group */

/*
 * SQLite's lock bytes (sqlite.org/fileformat2.html, 1.2.2): PENDING, RESERVED, 510 of SHARED.
 */
#define LOCK_START  0x40000000
#define LOCK_LENGTH 512

struct cachefile {
	struct cachebeside at;
	const char *what;
};

static int
trouble(struct cachefile *file, const char *what)
{
	file->what = what;
	return -1;
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
	char name[CACHEBESIDE_SIZE], path[PATH_MAX + 16];
	sqlite3 *db = NULL;
	int fd, result = -1;

	cachebeside_remove(&file->at, suffix);
	fd = openat(file->at.folder, cachebeside_name(&file->at, suffix, name),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd == -1)
		return trouble(file, "a new one cannot be created in its folder");
	if (fchmod(fd, MODE) == -1) /* whatever the umask */
		trouble(file, "the mode of a new one cannot be set");
	else
		result = 0;
	close(fd);
	snprintf(path, sizeof(path), "%s%s", file->at.path, suffix);
	if (result == 0 &&
	    (sqlite3_open_v2(path, &db,
		 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
		 LEAN_VFS) != SQLITE_OK ||
		sqlite3_exec(db, "PRAGMA journal_mode = MEMORY; BEGIN", NULL, NULL, NULL) !=
		    SQLITE_OK ||
		sqlite3_exec(db, cacherow_schema, NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK))
		result = trouble(file, "a new one cannot be written: is the disk full?");
	sqlite3_close(db);
	if (result == 0) {
		cachebeside_remove_journals(&file->at);
		if (linkat(file->at.folder, name, file->at.folder, file->at.name, 0) == -1 &&
		    errno != EEXIST)
			result = trouble(file, "a new one cannot be given its name");
	}
	cachebeside_remove(&file->at, suffix);
	if (result == -1)
		return -1;
	cachebeside_remove(&file->at, CACHE_DAMAGED);
	cachestamp_write(&file->at, true, true);
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
	int fd = openat(
	    file->at.folder, file->at.name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1)
		return trouble(file, "it is damaged and cannot be opened to replace it");
	while (fcntl(fd, F_SETLK, &lock) == -1) {
		if ((errno != EAGAIN && errno != EACCES) || deadline_left(until) == 0) {
			close(fd);
			return trouble(file, "it is damaged, and locked by another process");
		}
		poll(NULL, 0, 5);
	}
	cachebeside_remove_journals(&file->at);
	close(fd);
	return 0;
}

/*
 * A write-ahead log beside a cache that has none, by its header, is of nobody or of somebody with
 * bad intentions. We don't see it (lean.h), but who looks with sqlite3(1) does.
 */
static void
discard_log(const struct cachefile *file)
{
	cachebeside_remove(&file->at, "-wal");
	cachebeside_remove(&file->at, "-shm");
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
	done = sqlite3_open_v2(file->at.path, &db,
		   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
		   LEAN_VFS) == SQLITE_OK &&
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
	if (!done ||
	    cache_open_flags(&cache, file->at.path, BUSY_MS, SQLITE_OPEN_NOFOLLOW) == -1)
		return trouble(
		    file, "it is damaged and cannot be emptied: remove it while no check runs");
	cache_close(&cache);
	cachebeside_remove(&file->at, CACHE_DAMAGED);
	cachestamp_write(&file->at, true, true);
	file->what = why;
	return 1;
}

/*
 * The stamp is set before the check, so that what is written during it is checked next time.
 */
static int
check(const struct cachefile *file, struct cache *cache, bool rows)
{
	cachestamp_write(&file->at, true, false);
	if (cachecheck_pages(cache) == 0 && (!rows || cachecheck_rows(cache) == 0) &&
	    cachecheck_count(cache) == 0)
		return 0;
	cachebeside_remove(&file->at, CACHESTAMP_NAME);
	return -1;
}

static int
maintain(struct cachefile *file, bool thorough)
{
	struct stat database, other;
	struct cache cache;
	char name[CACHEBESIDE_SIZE];
	int result;
	bool marked, sweep_due, check_due;

	if (fstatat(file->at.folder, file->at.name, &database, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == ENOENT)
			return create(file);
		return trouble(file, "its state cannot be read");
	}
	if (!S_ISREG(database.st_mode))
		return trouble(file, "it is no regular file: remove it");
	if (fstatat(file->at.folder, cachebeside_name(&file->at, "-journal", name), &other,
		AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(other.st_mode)) {
		file->what = "its journal is no regular file";
		return reset(file);
	}
	marked = fstatat(file->at.folder, cachebeside_name(&file->at, CACHE_DAMAGED, name),
		     &other, AT_SYMLINK_NOFOLLOW) == 0;
	sweep_due = cachestamp_must_sweep(&file->at);
	check_due = marked || thorough || cachestamp_must_check(&file->at, &database);
	result = cache_open_flags(&cache, file->at.path, BUSY_MS, SQLITE_OPEN_NOFOLLOW);
	if (result == 0)
		discard_log(file);
	if (result == 0 && sweep_due)
		result = cachecheck_sweep(&cache, (int64_t)time(NULL) - CACHEFILE_KEEP_STALE);
	if (result == 0 && check_due)
		result = check(file, &cache, marked || thorough);
	if (result == 0 && sweep_due)
		cachestamp_write(&file->at, false, true);
	cache_close(&cache);
	if (result == 0) {
		if (marked)
			cachebeside_remove(&file->at, CACHE_DAMAGED);
		return 0;
	}
	file->what = cache_reason(&cache);
	return cache.damaged ? reset(file) : -1;
}

int
cachefile_maintain(const char *path, bool thorough, const char **what)
{
	struct cachefile file = {.at.folder = -1, .what = ""};
	const char *why = cachebeside_open(&file.at, path);
	int result = why == NULL ? 0 : trouble(&file, why);

	lean_set_up();
	if (result == 0) {
		if (flock(file.at.folder, LOCK_EX | LOCK_NB) == 0) {
			tallysum_keep(file.at.folder);
			result = maintain(&file, thorough);
		} else if (errno != EWOULDBLOCK) {
			/* else another process does the same just now */
			result = trouble(&file, "its folder cannot be locked");
		}
		close(file.at.folder);
	}
	*what = result == 0 ? "" : file.what;
	return result;
}
