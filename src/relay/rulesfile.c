#include "rulesfile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/publish.h"
#include "relayaddress.h"
#include "relayrules.h"

#define MODE  0644
#define RETRY 1000  /* ms */
#define FAR   86400 /* seconds; what is later is looked at then (a row may say any number) */

struct making {
	struct relayrules rules;
	int64_t first; /* that expires, in seconds since 1970; 0 if none does */
};

void
rulesfile_expire(struct rulesfile *file)
{
	file->due = true;
	file->over = 0;
}

static int
add_row(void *context, const char *address, const struct relayrow *row)
{
	struct making *making = context;
	char normal[RELAYADDRESS_SIZE];

	/* Those are left out of relay.cdb, too, which says so (publication.h). */
	if (relayaddress_normalise(normal, address, strlen(address)) != NULL ||
	    strcmp(normal, address) != 0)
		return 0;
	if (relayrules_add(&making->rules, address) == -1)
		return -1;
	if (row->expires != 0 && (making->first == 0 || row->expires < making->first))
		making->first = row->expires;
	return 0;
}

static int
fill(struct making *making, const char *base, bool from_before, struct relaydb *db, int fd,
    int64_t now)
{
	if (relayrules_start(&making->rules, base, fd) == -1)
		return -1;
	if (from_before && !relayrules_is_ours(&making->rules)) {
		errno = EPROTO;
		return -1;
	}
	if (relaydb_fresh(db, now, add_row, making) == -1)
		return -1;
	return relayrules_finish(&making->rules);
}

/* Returns 0, or -1 with errno: then the file is the one before. */
static int
make(struct rulesfile *file, const char *path, const char *base, struct relaydb *db)
{
	bool from_before = base == path;
	struct making making = {.first = 0};
	int64_t now = time(NULL), started = deadline_now();
	int fd = publish_start(path, MODE);

	if (fd == -1)
		return -1;
	if (fill(&making, base[0] != '\0' ? base : NULL, from_before, db, fd, now) == -1) {
		relayrules_abandon(&making.rules);
		publish_abandon(fd, path);
		return -1;
	}
	if (publish_finish(fd, path, file->folder) == -1)
		return -1;
	if (making.first == 0)
		file->over = INT64_MAX;
	else
		file->over =
		    started + (making.first - now < FAR ? making.first - now : FAR) * 1000;
	file->made = true;
	return 0;
}

/* The trouble is with the base, if there is one. */
static void
tell(const struct rulesfile *file, const char *path, const char *reason)
{
	bool has_base = file->base != NULL && file->base[0] != '\0';

	file->trouble(file->context, has_base ? file->base : path, reason);
}

static void
tell_makeshift(const struct rulesfile *file, const char *path, int error)
{
	char text[200];

	snprintf(text, sizeof(text), "%.100s: the rules that were read before hold",
	    strerror(error));
	tell(file, path, text);
}

static void
settle(struct rulesfile *file)
{
	file->due = file->failed = file->foreign = false;
}

static bool
make_path(const struct rulesfile *file, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/" RULESFILE, file->home) < PATH_MAX;
}

/*
 * The file cannot be made anew. May it be somebody else's? Then nothing is over in it, as far as is
 * known, and it is left, until there is a base to make it of.
 */
static bool
leave(struct rulesfile *file, const char *path, int64_t now, int error)
{
	int ours = relayrules_look(path);
	char text[200];

	file->foreign =
	    ours == 0 || (ours == -1 && (errno == EPROTO || (errno != ENOENT && !file->made)));
	if (!file->foreign)
		return false;
	file->over = INT64_MAX;
	file->due = file->failed = file->base != NULL || ours == -1;
	file->again = now + RETRY;
	if (file->base != NULL) { /* else the caller says it */
		snprintf(text, sizeof(text), "%.60s: so " RULES_STAY, strerror(error));
		tell(file, path, text);
	}
	return true;
}

/* None of the ways to make it has worked. Returns false when it lets somebody relay who must not. */
static bool
fail(struct rulesfile *file, const char *path, int64_t now, int error)
{
	char text[200];

	if (leave(file, path, now, error))
		return true;
	file->due = file->failed = true;
	file->again = now + RETRY;
	if (now >= file->over && (unlink(path) == 0 || errno == ENOENT)) {
		file->over = INT64_MAX; /* nobody is in it */
		snprintf(text, sizeof(text),
		    "%.100s: so there is no " RULESFILE " now, since somebody in it may not "
		    "relay any more",
		    strerror(error));
		tell(file, path, text);
		return true;
	}
	tell(file, path, strerror(error));
	return now < file->over;
}

bool
rulesfile_stays(const struct rulesfile *file)
{
	char path[PATH_MAX];

	if ((file->base != NULL && !file->foreign) || !make_path(file, path))
		return false;
	return relayrules_look(path) == 0 || (file->foreign && access(path, F_OK) == 0);
}

bool
rulesfile_step(struct rulesfile *file, struct relaydb *db)
{
	int64_t now = deadline_now();
	bool wanted = file->due || now >= file->over;
	char path[PATH_MAX];
	int error = 0;

	if (!wanted && !(file->makeshift && now >= file->again))
		return true;
	if (file->failed && now < file->again)
		return now < file->over;
	if (!make_path(file, path))
		return false;
	file->again = now + RETRY;
	if (file->base != NULL) {
		if (make(file, path, file->base, db) == 0) {
			file->makeshift = false;
			settle(file);
			return true;
		}
		error = errno;
		if (!wanted)
			return true;
	}
	if (make(file, path, path, db) == 0) {
		file->makeshift = file->base != NULL;
		settle(file);
		if (file->makeshift)
			tell_makeshift(file, path, error);
		return true;
	}
	if (file->base == NULL && errno == ENOENT) { /* somebody has taken it away */
		settle(file);
		file->over = INT64_MAX;
		return true;
	}
	return fail(file, path, now, file->base == NULL ? errno : error);
}

int64_t
rulesfile_wake(const struct rulesfile *file)
{
	if (file->failed)
		return file->again;
	return file->makeshift ? deadline_earlier(file->over, file->again) : file->over;
}
