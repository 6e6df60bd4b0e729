#include "checker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/confine.h"
#include "base/deadline.h"
#include "tally.h"

/* How often a long-lived checker looks for a new CDB, and for a cache it could not use. */
#define LOOK_EVERY 1000 /* ms */

#define NAME_LEN 32 /* no name below the home directory is longer */
#define HOME_MAX (CHECKER_PATH_SIZE - NAME_LEN)

#define READ_WAIT  100 /* ms */
#define WRITE_WAIT 500

/* No snprintf: at each start it would cost as much as the look-up. */
static void
set_path(char path[CHECKER_PATH_SIZE], const char *home, size_t len, const char *name)
{
	memcpy(path, home, len);
	memcpy(path + len, name, strlen(name) + 1);
}

int
checker_open(struct checker *checker, const char *home)
{
	size_t len = strlen(home);

	if (len > HOME_MAX)
		return -1;
	set_path(checker->cdb_path, home, len, "/data/rcptcheck.cdb");
	set_path(checker->cache_path, home, len, "/cache/verdicts.db");
	set_path(checker->probe_path, home, len, "/run/probe.sock");
	set_path(checker->tally_path, home, len, "/cache/" TALLY_NAME);
	checker->cdb_folder = AT_FDCWD;
	checker->cdb.fd = -1;
	checker->cdb_looked = 0;
	checker->cdb_serial = 0;
	checker->cdb_kept = NULL;
	checker->cache.db = NULL;
	checker->cache_looked = 0;
	checker->cache_trouble = NULL;
	checker->read_wait = READ_WAIT;
	checker->write_wait = WRITE_WAIT;
	checker->probe_folder = -1;
	checker->client = "";
	checker->self = "";
	checker->positive_expire = 0;
	checker->negative_expire = 0;
	checker->can_defer = false;
	checker->watch = NULL;
	checker->watch_context = NULL;
	return 0;
}

const char *
checker_cdb_trouble(void)
{
	switch (errno) {
	case EPROTO:
		return cdbfile_reason();
	case ENOENT:
		return "there is none: run rcptbuild";
	case EACCES:
		return "no permission to read it";
	default:
		return strerror(errno);
	}
}

int
checker_use_cdb(struct checker *checker)
{
	struct cdbfile fresh;
	struct stat st;
	int64_t now;

	if (checker->cdb.fd == -1) {
		checker->cdb_looked = deadline_now();
		return cdbfile_open_at(&checker->cdb, checker->cdb_folder, checker->cdb_path);
	}
	now = deadline_now();
	if (now - checker->cdb_looked < LOOK_EVERY)
		return 0;
	checker->cdb_looked = now;
	if (fstatat(checker->cdb_folder, checker->cdb_path, &st, 0) == 0 &&
	    st.st_ino == checker->cdb.inode && st.st_dev == checker->cdb.device) {
		checker->cdb_kept = NULL;
		return 0;
	}
	if (cdbfile_open_at(&fresh, checker->cdb_folder, checker->cdb_path) == -1) {
		checker->cdb_kept = checker_cdb_trouble();
		return 0;
	}
	cdbfile_close(&checker->cdb);
	checker->cdb = fresh;
	checker->cdb_serial++;
	checker->cdb_kept = NULL;
	return 0;
}

int
checker_find_domain(struct checker *checker, const char *domain, size_t len,
    struct record *record, const char **trouble)
{
	unsigned char value[RECORD_SIZE_MAX];
	char key[1 + ADDRESS_DOMAIN_MAX];
	int found = -1;
	size_t value_len;

	if (checker_use_cdb(checker) == 0) {
		key[0] = RECORD_KEY_DOMAIN;
		memcpy(key + 1, domain, len);
		found =
		    cdbfile_find(&checker->cdb, key, 1 + len, value, sizeof(value), &value_len);
	}
	if (found == -1)
		*trouble = checker_cdb_trouble();
	if (found != 1)
		return found;
	if (record_parse(record, value, value_len) == 0)
		return 1;
	*trouble = "a record of it is of another version: run rcptbuild";
	return -1;
}

void
checker_tell(const struct checker *checker, const char *text)
{
	if (checker->watch != NULL)
		checker->watch(checker->watch_context, '=', text, strlen(text));
}

void
checker_lose_cache(struct checker *checker, const char **trouble)
{
	*trouble = cache_reason(&checker->cache);
	if (checker->cache.bad_row)
		return;
	checker->cache_trouble = *trouble;
	cache_close(&checker->cache);
}

/* Makes a path that which its file has in the root of its folder. */
static void
cut_folder(char *path)
{
	const char *name = strrchr(path, '/');

	memmove(path, name, strlen(name) + 1);
}

/* Goes into the folder of a path for good, if need be (confine.h); the path becomes that inside. */
static int
enter_folder(char *path)
{
	char *name = strrchr(path, '/');
	int entered;

	*name = '\0';
	entered = confine_to(path);
	*name = '/';
	if (entered == 1)
		cut_folder(path);
	return entered;
}

static int
open_folder(char *path)
{
	char *name = strrchr(path, '/');
	int folder;

	*name = '\0';
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*name = '/';
	return folder;
}

/*
 * A journal can make SQLite delete any file that the process may delete (cachekeep.h), so root, who
 * tries a check by hand, goes into the folder of the cache before it opens it there. The folder of
 * the CDB stays open, to see a new one, and that of rcptprobe's socket.
 */
static bool
enter_cache(struct checker *checker)
{
	int folder, probe_folder;

	if (geteuid() != 0 || checker->cdb_folder != AT_FDCWD)
		return true;
	folder = open_folder(checker->cdb_path);
	probe_folder = checker->probe_path[0] != '\0' ? open_folder(checker->probe_path) : -1;
	switch (folder == -1 ? -1 : enter_folder(checker->cache_path)) {
	case 1:
		checker->cdb_folder = folder;
		cut_folder(checker->cdb_path);
		memmove(checker->cdb_path, checker->cdb_path + 1, strlen(checker->cdb_path));
		cut_folder(checker->tally_path);
		checker->probe_folder = probe_folder;
		if (probe_folder == -1)
			checker->probe_path[0] = '\0';
		return true;
	case 0:
		close(folder);
		if (probe_folder != -1)
			close(probe_folder);
		return true;
	default:
		if (folder != -1)
			close(folder);
		if (probe_folder != -1)
			close(probe_folder);
		return errno == ENOENT; /* no folder: cache_open says so */
	}
}

bool
checker_use_cache(struct checker *checker, int busy_ms, const char **trouble)
{
	int64_t now = deadline_now();

	if (checker->cache_looked == 0 ||
	    (checker->cache_trouble != NULL && now - checker->cache_looked >= LOOK_EVERY)) {
		checker->cache_looked = now;
		checker->cache_trouble = NULL;
		if (!enter_cache(checker)) {
			checker->cache_trouble = "root cannot lay its rights down to open it";
			checker->tally_path[0] = '\0'; /* nor to write that */
			*trouble = checker->cache_trouble;
			return false;
		}
		if (cache_open(&checker->cache, checker->cache_path, busy_ms) == -1)
			checker_lose_cache(checker, trouble);
	}
	if (checker->cache_trouble != NULL) {
		*trouble = checker->cache_trouble;
		return false;
	}
	cache_set_busy(&checker->cache, busy_ms);
	return true;
}
