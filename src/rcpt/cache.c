#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/lean.h"
#include "cacherow.h"

#define PATH_SIZE       4096
#define STATEMENT_LIMIT 100000 /* no string of a row or of the schema is longer */

const char cache_select_sql[] =
    "SELECT " CACHEROW_COLUMNS " FROM account_cache WHERE address = ?1";

const char *
cache_reason(const struct cache *cache)
{
	return cache->reason;
}

/*
 * Called by SQLite when a lock is held by somebody else. SQLite's own sqlite3_busy_timeout adds
 * up what it asked to sleep, not what it slept, and counts anew for each lock; this keeps to
 * the time.
 */
static int
wait_for_lock(void *arg, int times)
{
	struct cache *cache = arg;
	int left = deadline_left(cache->until);
	int step = times < 4 ? 1 : 1 + times % 5; /* uneven, so that waiting processes spread */

	if (left == 0)
		return 0;
	poll(NULL, 0, step < left ? step : left);
	return 1;
}

void
cache_begin(struct cache *cache)
{
	cache->until = deadline_now() + cache->busy_ms;
	cache->reason = "";
	cache->damaged = false;
	cache->locked = false;
	cache->bad_row = false;
}

void
cache_set_busy(struct cache *cache, int busy_ms)
{
	cache->busy_ms = busy_ms;
}

/* Tells rcptbuild to look. No matter if it fails: rcptbuild looks from time to time anyway. */
static void
leave_mark(const struct cache *cache)
{
	const char *name = sqlite3_db_filename(cache->db, "main");
	char path[PATH_SIZE];
	int fd, len;

	if (name == NULL)
		return;
	len = snprintf(path, sizeof(path), "%s%s", name, CACHE_DAMAGED);
	if (len < 0 || (size_t)len >= sizeof(path))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
	if (fd != -1)
		close(fd);
}

int
cache_damage(struct cache *cache, const char *reason)
{
	cache->reason = reason;
	cache->damaged = true;
	leave_mark(cache);
	return -1;
}

static const char *
explain_open_failure(int error)
{
	switch (error) {
	case ENOENT:
		return "it does not exist; rcptbuild makes it";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EMFILE:
	case ENFILE:
		return "too many open files";
	default:
		return "it, or its journal, cannot be opened";
	}
}

int
cache_trouble(struct cache *cache)
{
	int error = sqlite3_extended_errcode(cache->db);

	switch (error & 0xff) {
	case SQLITE_CORRUPT:
		return cache_damage(cache, "it is damaged");
	case SQLITE_NOTADB:
		return cache_damage(cache, "it is not a database");
	case SQLITE_ERROR: /* our statements are right: their tables are not there */
		return cache_damage(cache, "its tables are not those of a verdict cache");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		cache->reason = "it is locked by another process";
		cache->locked = true;
		break;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		cache->reason = "it is read-only";
		break;
	case SQLITE_FULL:
		cache->reason = "the disk is full";
		break;
	case SQLITE_CANTOPEN:
		cache->reason = explain_open_failure(sqlite3_system_errno(cache->db));
		break;
	case SQLITE_NOMEM:
		cache->reason = "out of memory";
		break;
	case SQLITE_IOERR:
		cache->reason = error == SQLITE_IOERR_NOMEM ? "out of memory"
							    : "it cannot be read or written";
		break;
	default:
		cache->reason = "SQLite refuses to work with it";
	}
	return -1;
}

/*
 * Looks at the first 100 bytes (sqlite.org/fileformat2.html, 1.3) with SQLite's own descriptor.
 * One system call, where PRAGMA user_version costs a statement; and a database in WAL mode, which
 * cannot be read without its log (lean.h), is told from one that is damaged otherwise.
 */
static int
check_header(struct cache *cache)
{
	unsigned char header[100];
	sqlite3_file *file = NULL;
	uint32_t version;

	if (sqlite3_file_control(cache->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) !=
		SQLITE_OK ||
	    file == NULL || file->pMethods == NULL)
		return cache_trouble(cache);
	switch (file->pMethods->xRead(file, header, sizeof(header), 0)) {
	case SQLITE_OK:
		break;
	case SQLITE_IOERR_SHORT_READ:
		return cache_damage(cache, "it is cut short or empty");
	default:
		cache->reason = "it cannot be read";
		return -1;
	}
	if (memcmp(header, "SQLite format 3", 16) != 0)
		return cache_damage(cache, "it is not a database");
	version = (uint32_t)header[60] << 24 | (uint32_t)header[61] << 16 |
	    (uint32_t)header[62] << 8 | header[63];
	if (version != CACHE_SCHEMA_VERSION)
		return cache_damage(cache, "its schema is of another version");
	if (header[18] != 1 || header[19] != 1)
		return cache_damage(cache, "it was set to another journal mode");
	return 0;
}

sqlite3_stmt *
cache_statement(struct cache *cache, const char *sql)
{
	size_t i = 0;

	while (cache->kept[i].statement != NULL && cache->kept[i].sql != sql)
		if (++i == CACHE_STATEMENTS) {
			cache->reason = "it has too many statements";
			return NULL;
		}
	if (cache->kept[i].statement == NULL &&
	    sqlite3_prepare_v2(cache->db, sql, -1, &cache->kept[i].statement, NULL) !=
		SQLITE_OK) {
		cache_trouble(cache);
		return NULL;
	}
	cache->kept[i].sql = sql;
	return cache->kept[i].statement;
}

int
cache_step(struct cache *cache, sqlite3_stmt *statement)
{
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return cache_trouble(cache);
	}
}

int
cache_row(struct cache *cache, const char *damage)
{
	if (damage == NULL)
		return 1;
	cache_damage(cache, damage);
	cache->bad_row = true;
	return -1;
}

void
cache_release(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
}

int
cache_open_flags(struct cache *cache, const char *path, int busy_ms, int flags)
{
	memset(cache, 0, sizeof(*cache));
	cache->busy_ms = busy_ms;
	cache_begin(cache);
	lean_set_up();
	flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(path, &cache->db, flags, LEAN_VFS) != SQLITE_OK) {
		if (cache->db == NULL)
			cache->reason = "out of memory";
		else
			cache_trouble(cache);
		goto fail;
	}
	sqlite3_busy_handler(cache->db, wait_for_lock, cache);
	sqlite3_limit(cache->db, SQLITE_LIMIT_LENGTH, STATEMENT_LIMIT);
	sqlite3_db_config(cache->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(cache->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(cache->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	if (check_header(cache) == 0 && cache_statement(cache, cache_select_sql) != NULL)
		return 0;
fail:
	cache_close(cache);
	return -1;
}

int
cache_open(struct cache *cache, const char *path, int busy_ms)
{
	return cache_open_flags(cache, path, busy_ms, 0);
}

int
cache_find(struct cache *cache, const char *key, size_t key_len, struct cache_entry *entry)
{
	sqlite3_stmt *select;
	int found;

	if (cache->db == NULL)
		return -1;
	cache_begin(cache);
	if (key_len == 0 || key_len > CACHE_KEY_MAX)
		return 0; /* never stored */
	select = cache_statement(cache, cache_select_sql);
	if (select == NULL)
		return -1;
	sqlite3_bind_text(select, 1, key, (int)key_len, SQLITE_STATIC);
	found = cache_step(cache, select);
	if (found == 1)
		found = cache_row(cache, cacherow_parse(select, entry));
	cache_release(select);
	return found;
}

void
cache_close(struct cache *cache)
{
	for (size_t i = 0; i < CACHE_STATEMENTS; i++) {
		sqlite3_finalize(cache->kept[i].statement);
		cache->kept[i].statement = NULL;
	}
	sqlite3_close(cache->db);
	cache->db = NULL;
}
