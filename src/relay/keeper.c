#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/remark.h"
#include "publication.h"
#include "relayaddress.h"
#include "relaysettings.h"

#define RETRY         1000  /* ms after a failure */
#define EARLY         2000  /* ms: who logged in again is in relay.cdb before it is over */
#define FAR           86400 /* seconds; what is over later is looked at then */
#define COVERED       10    /* seconds that an address must still have there */
#define TELL_EVERY    (30 * 1000)  /* ms between two lines about the same trouble */
#define LOOPBACK_TOLD (600 * 1000) /* ms between two lines about logins of this host */
#define SWEEP_EVERY   (600 * 1000) /* ms */
#define SWEEP_AFTER   3600         /* seconds: who looks into the table sees who was there */

static void
say(void *context, const char *what, const char *detail)
{
	const struct keeper *keeper = context;
	struct line line;

	line_start(&line);
	remark(&line, what, detail);
	keeper->log(&line);
}

/* What may go on for long, and is tried again and again, is told now and then. */
static void
say_trouble(void *context, const char *what, const char *detail)
{
	struct keeper *keeper = context;
	int64_t now = deadline_now();

	if (keeper->told != 0 && now - keeper->told < TELL_EVERY)
		return;
	keeper->told = now;
	say(keeper, what, detail);
}

static bool
make_path(const struct keeper *keeper, char path[PATH_MAX], const char *name)
{
	return snprintf(path, PATH_MAX, "%s/%s", keeper->home, name) < PATH_MAX;
}

/* The setting, if rcptcheck.cdb has another than before. */
static void
read_settings(struct keeper *keeper)
{
	const char *why;

	if (relaysettings_read(keeper->home, &keeper->settings, &keeper->expire, &why) == -1)
		say(keeper, "rcptcheck.cdb is not read, so relay_expire stays as it is", why);
}

static void
note_database(struct keeper *keeper)
{
	char path[PATH_MAX];
	struct stat st;

	if (make_path(keeper, path, RELAYROW_DATABASE) && stat(path, &st) == 0) {
		keeper->database_device = st.st_dev;
		keeper->database = st.st_ino;
	}
}

bool
keeper_is_lost(const struct keeper *keeper)
{
	char path[PATH_MAX];
	struct stat st;

	if (relaydb_is_damaged(&keeper->db))
		return true;
	return make_path(keeper, path, RELAYROW_DATABASE) &&
	    (stat(path, &st) == -1 || st.st_dev != keeper->database_device ||
		st.st_ino != keeper->database);
}

int
keeper_open(struct keeper *keeper, const char *home)
{
	char path[PATH_MAX];

	keeper->expire = relaysettings_default();
	keeper->folder = -1;
	if (snprintf(keeper->home, sizeof(keeper->home), "%s", home) >=
	    (int)sizeof(keeper->home)) {
		say(keeper, "the path of the home directory is too long", NULL);
		return -1;
	}
	(void)make_path(keeper, path, "relay");
	keeper->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (keeper->folder == -1) {
		say(keeper, path, strerror(errno));
		return -1;
	}
	(void)make_path(keeper, path, RELAYROW_DATABASE);
	if (relaydb_open(&keeper->db, path) == -1) {
		say(keeper, path, relaydb_reason(&keeper->db));
		return -1;
	}
	if (keeper->db.put_aside)
		say(keeper,
		    "relay.db was damaged: it is now relay.db" RELAYDB_DAMAGED
		    ", and a new one was made",
		    NULL);
	note_database(keeper);
	read_settings(keeper);
	keeper->change.db = &keeper->db;
	keeper->change.say = say;
	keeper->change.trouble = say_trouble;
	keeper->change.context = keeper;
	relaychange_start(&keeper->change);
	keeper->version = relaydb_version(&keeper->db);
	if (relaydb_rebase(&keeper->db, time(NULL), keeper->expire) == -1)
		say(keeper, "relay.db", relaydb_reason(&keeper->db));
	(void)make_path(keeper, path, RULESFILE);
	keeper->has_rules = keeper->rules_base != NULL || access(path, F_OK) == 0;
	keeper->rules = (struct rulesfile){.home = keeper->home,
	    .folder = keeper->folder,
	    .base = keeper->rules_base,
	    .trouble = say_trouble,
	    .context = keeper};
	rulesfile_expire(&keeper->rules); /* who knows what was before */
	keeper->due = true;
	return 0;
}

void
keeper_close(struct keeper *keeper)
{
	if (keeper->has_published)
		cdbfile_close(&keeper->published);
	keeper->has_published = false;
	relaydb_close(&keeper->db);
	if (keeper->folder != -1)
		close(keeper->folder);
	keeper->folder = -1;
}

bool
keeper_begin(struct keeper *keeper)
{
	enum relaychange_begin begun = relaychange_begin(&keeper->change);

	if (begun == RELAYCHANGE_MOVED)
		keeper->due = true;
	return begun != RELAYCHANGE_NOT;
}

bool
keeper_end(struct keeper *keeper)
{
	return relaychange_end(&keeper->change);
}

/* Who is in relay.cdb for long enough need not wait for a new one. Trouble is no "yes". */
static bool
is_published(struct keeper *keeper, const char *address, int64_t now)
{
	unsigned char value[RELAYROW_VALUE_SIZE];
	char key[RELAYROW_KEY_SIZE];
	int64_t covered = keeper->expire < 2 * COVERED ? keeper->expire / 2 : COVERED;
	struct relayrow row;
	size_t len;

	return keeper->has_published &&
	    cdbfile_find(&keeper->published, key, relayrow_key(key, address), value,
		sizeof(value), &len) == 1 &&
	    relayrow_parse(&row, value, len) && relayrow_is_fresh(&row, now) &&
	    (row.expires == 0 || row.expires > now + covered);
}

/* Who tries all this on one host finds here why it does not work. */
static void
tell_loopback(struct keeper *keeper, const char *address)
{
	int64_t now = deadline_now();

	if (keeper->loopback_told != 0 && now - keeper->loopback_told < LOOPBACK_TOLD)
		return;
	keeper->loopback_told = now;
	say(keeper,
	    "a login from this host itself is noted, but lets nobody relay: it may be a proxy "
	    "(relayd -l, relay(7))",
	    address);
}

const char *
keeper_mark(struct keeper *keeper, const struct relaywire_mark *mark)
{
	int64_t now = time(NULL), expires = now + keeper->expire;
	bool counts = keeper->loopback || !relayaddress_is_loopback(mark->address);
	bool published = counts && is_published(keeper, mark->address, now);

	/* There are 16 million of them, any of which a local user can come from. */
	if (!counts && strcmp(mark->address, "127.0.0.1") != 0 &&
	    strcmp(mark->address, "::1") != 0)
		return "an address of this host itself";

	if (counts && !published && keeper->count >= KEEPER_ROWS_MAX)
		return "there are too many addresses already";
	/* It is noted that this host's own address logged in, but that opens nothing. */
	if (!counts) {
		tell_loopback(keeper, mark->address);
		expires = now;
	}
	if (relaydb_mark(&keeper->db, mark, now, expires) == -1)
		keeper->change.failed = true;
	else if (counts && !published)
		keeper->due = true;
	return NULL;
}

void
keeper_age(struct keeper *keeper, int64_t minutes)
{
	if (relaydb_age(&keeper->db, time(NULL) - minutes * 60) == -1)
		keeper->change.failed = true;
	keeper->due = true;
	rulesfile_expire(&keeper->rules);
}

static void
tell_odd(void *context, const char *address, const char *why)
{
	struct keeper *keeper = context;
	struct line line;

	line_start(&line);
	line_add(&line, "relay.db: a row is left out: ip '");
	line_add_foreign(&line, address, strlen(address), 60);
	line_add(&line, "': ");
	line_add(&line, why);
	keeper->log(&line);
}

static void
take_published(struct keeper *keeper, const char *path)
{
	if (keeper->has_published)
		cdbfile_close(&keeper->published);
	keeper->has_published = cdbfile_open(&keeper->published, path) == 0;
}

/* Makes relay.cdb anew. Returns 0 or -1, after a line of the log. */
static int
publish(struct keeper *keeper, bool telling)
{
	struct publication publication = {
	    .home = keeper->home,
	    .folder = keeper->folder,
	    .odd = telling ? tell_odd : NULL,
	    .trouble = say_trouble,
	    .context = keeper,
	};
	char path[PATH_MAX];
	int64_t now = time(NULL);

	if (!make_path(keeper, path, RELAYROW_CDB) ||
	    publication_make(&publication, &keeper->db, now) == -1)
		return -1;
	take_published(keeper, path);
	keeper->count = publication.count;
	keeper->next = INT64_MAX;
	if (publication.first != 0) {
		int64_t left = publication.first - now < FAR ? publication.first - now : FAR;
		int64_t wait = left * 1000 - EARLY;

		keeper->next = deadline_now() + (wait < RETRY ? RETRY : wait);
	}
	return 0;
}

/* Others may write into relay.db and the settings, set the clock, and take relay.cdb away. */
static void
look(struct keeper *keeper)
{
	int64_t version = relaydb_version(&keeper->db), expire = keeper->expire;
	char path[PATH_MAX];
	struct stat st;

	keeper->tick = deadline_now();
	read_settings(keeper);
	if (keeper->expire != expire)
		say(keeper, "relay_expire has changed", NULL);
	if (version != keeper->version) {
		if (relaydb_rebase(&keeper->db, time(NULL), keeper->expire) == -1)
			return; /* it is locked: the next time */
		keeper->version = version;
		keeper->due = true;
		rulesfile_expire(&keeper->rules);
	}
	if (!make_path(keeper, path, RELAYROW_CDB) || stat(path, &st) == -1 ||
	    !keeper->has_published || st.st_ino != keeper->published.inode ||
	    st.st_dev != keeper->published.device ||
	    (uint64_t)st.st_size != keeper->published.size)
		keeper->due = true;
	if (keeper->tick - keeper->swept >= SWEEP_EVERY && keeper_begin(keeper)) {
		keeper->swept = keeper->tick;
		if (relaydb_sweep(&keeper->db, time(NULL) - SWEEP_AFTER) == -1)
			keeper->change.failed = true;
		(void)keeper_end(keeper);
	} else if (relaychange_is_due(&keeper->change) && keeper_begin(keeper)) {
		(void)keeper_end(keeper);
	}
}

/* Returns whether relay.cdb is what relay.db says. */
static bool
step_relay_cdb(struct keeper *keeper, bool telling)
{
	int64_t now = deadline_now();

	if (!keeper->due && now < keeper->next)
		return true;
	if (keeper->made < 0 && now < -keeper->made + RETRY)
		return !keeper->due;
	keeper->due = keeper->rules.due = true;
	if (publish(keeper, telling || (!keeper->quiet && keeper->made == 0)) == 0) {
		keeper->due = false;
		keeper->made = now;
	} else {
		keeper->made = -now; /* it failed */
	}
	return !keeper->due;
}

bool
keeper_rules_stay(const struct keeper *keeper)
{
	return keeper->has_rules && rulesfile_stays(&keeper->rules);
}

/* Of a file that is there without our doing: once. With a base it is trouble, told by rulesfile. */
static void
tell_foreign(struct keeper *keeper)
{
	bool foreign = keeper->rules.foreign && keeper->rules_base == NULL;

	if (foreign && !keeper->foreign_told && !keeper->quiet)
		say(keeper, RULES_STAY, NULL);
	keeper->foreign_told = foreign;
}

bool
keeper_step(struct keeper *keeper)
{
	int64_t version = keeper->version;
	bool good;

	if (deadline_now() - keeper->tick >= KEEPER_TICK)
		look(keeper);
	good = step_relay_cdb(keeper, !keeper->quiet && version != keeper->version);
	if (keeper->has_rules)
		good = rulesfile_step(&keeper->rules, &keeper->db) && good;
	tell_foreign(keeper);
	return good;
}

int64_t
keeper_wake(const struct keeper *keeper)
{
	int64_t wake = keeper->tick + KEEPER_TICK;

	if (keeper->made >= 0)
		wake = deadline_earlier(wake, keeper->next);
	if (keeper->has_rules)
		wake = deadline_earlier(wake, rulesfile_wake(&keeper->rules));
	return wake;
}
