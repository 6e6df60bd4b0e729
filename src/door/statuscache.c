#include "statuscache.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rcpt/cachewrite.h"
#include "rcpt/memory.h"
#include "rcpt/tally.h"

#define FOLDER  "cache"
#define BUSY_MS 2000

/*
 * For whom the folder is: its owner, or its group where the owner is root. Root tries it with the
 * rights of the same (confine.h).
 */
struct writer {
	uid_t uid;        /* or -1 */
	gid_t gid;        /* or -1 */
	struct line name; /* "group nofiles" */
};

static void
add_group(struct line *line, gid_t gid)
{
	const struct group *group = getgrgid(gid);

	if (group != NULL)
		line_add(line, group->gr_name);
	else
		line_add_number(line, (int64_t)gid);
}

/* The name is of whom we try it as: root becomes the writer, others stay what they are. */
static void
find_writer(struct writer *writer, const struct stat *folder)
{
	bool by_group = folder->st_uid == 0 && folder->st_gid != 0, root = geteuid() == 0;

	writer->uid = folder->st_uid == 0 ? (uid_t)-1 : folder->st_uid;
	writer->gid = folder->st_uid == 0 && !by_group ? (gid_t)-1 : folder->st_gid;
	line_start(&writer->name);
	if (root && by_group) {
		line_add(&writer->name, "group ");
		add_group(&writer->name, folder->st_gid);
	} else {
		line_add(&writer->name, "user ");
		status_add_user(&writer->name, root ? folder->st_uid : geteuid());
	}
}

/* Has the writer all of these rights (rwx) by the mode? */
static bool
may(const struct writer *writer, const struct stat *st, mode_t rights)
{
	mode_t mode = st->st_mode;

	if (st->st_uid == writer->uid)
		mode >>= 6;
	else if (st->st_gid == writer->gid)
		mode >>= 3;
	return (mode & rights) == rights;
}

static void
tell_rights(struct status *status, const char *path, const struct stat *st, const char *what)
{
	char mode[16];
	struct line line;

	line_start(&line);
	line_add(&line, path);
	line_add(&line, ": ");
	line_add(&line, what);
	line_add(&line, ": owner ");
	status_add_user(&line, st->st_uid);
	line_add(&line, ", group ");
	add_group(&line, st->st_gid);
	snprintf(mode, sizeof(mode), "%04o", (unsigned)st->st_mode & 07777);
	line_add(&line, ", mode ");
	line_add(&line, mode);
	line_add(&line, ": see INSTALL, section A");
	status_add(status, STATUS_WARNING, &line);
}

static void
check_rights(struct status *status, const struct writer *writer, const struct stat *folder)
{
	static const char *const names[] = {FOLDER "/verdicts.db", FOLDER "/" TALLY_NAME};
	struct stat st;

	if (!may(writer, folder, 07)) {
		tell_rights(status, FOLDER, folder, "the user of the hook cannot write there");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (lstat(names[i], &st) == 0 &&
		    (!S_ISREG(st.st_mode) || !may(writer, &st, 06)))
			tell_rights(status, names[i], &st,
			    "those for whom the folder is cannot write to it");
}

/* Returns NULL, or what is in the way. */
static const char *
try_write(struct checker *checker)
{
	static const struct memory nothing;
	const char *trouble = NULL;

	if (!checker_use_cache(checker, BUSY_MS, &trouble))
		return trouble;
	if (cachewrite_begin(&checker->cache) == -1)
		return cache_reason(&checker->cache);
	if (memory_put(&checker->cache, "rcptstatus", &nothing) == -1)
		trouble = cache_reason(&checker->cache);
	(void)cachewrite_end(&checker->cache, false);
	return trouble;
}

static int64_t
count_rows(const struct cache *cache)
{
	sqlite3_stmt *statement = NULL;
	int64_t rows = 0;

	if (sqlite3_prepare_v2(cache->db, "SELECT rows FROM account_cache_count", -1,
		&statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		rows = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return rows;
}

static void
tell_cache(struct status *status, struct checker *checker, const char *who)
{
	const char *trouble = try_write(checker);
	struct line line;

	line_start(&line);
	if (trouble != NULL) {
		line_add(&line, FOLDER "/verdicts.db: ");
		line_add(&line, trouble);
		line_add(&line, ", so verdicts are not remembered; tried as ");
		line_add(&line, who);
		status_add(status, STATUS_WARNING, &line);
		return;
	}
	line_add(&line, "cache    ");
	status_add_count(&line, count_rows(&checker->cache), "row; ", "rows; ");
	line_add(&line, who);
	line_add(&line, " can write");
	status_add(status, STATUS_OK, &line);
	if (access(checker->tally_path, W_OK) == 0)
		return;
	line_start(&line);
	line_add(&line, FOLDER "/" TALLY_NAME ": ");
	line_add(&line, strerror(errno));
	line_add(&line, ", so checks are not counted: run rcptbuild");
	status_add(status, STATUS_WARNING, &line);
}

bool
statuscache_open(struct status *status, struct checker *checker)
{
	struct writer writer;
	struct stat folder;
	struct line line;

	if (stat(FOLDER, &folder) == -1) {
		line_start(&line);
		line_add(&line, FOLDER ": ");
		line_add(&line, strerror(errno));
		line_add(&line, ": verdicts are not remembered: see INSTALL, section A");
		status_add(status, STATUS_WARNING, &line);
		return false;
	}
	find_writer(&writer, &folder);
	check_rights(status, &writer, &folder);
	if (access(FOLDER, R_OK | W_OK | X_OK) == -1) {
		line_start(&line);
		line_add(&line, FOLDER ": not open to ");
		line_add(&line, writer.name.text);
		line_add(&line,
		    ", so nothing is known of it: run rcptstatus as root, or as the hook's "
		    "user");
		status_add(status, STATUS_WARNING, &line);
		return false;
	}
	tell_cache(status, checker, writer.name.text);
	return checker->cache.db != NULL;
}
