#include "state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/publish.h"
#include "host.h"

#define NUMBERS   (sizeof(struct state) / sizeof(uint64_t))
#define LINE_LEN  17 /* 16 digits and a newline */
#define SECOND    UINT64_C(1000000000)
#define SAY_EVERY 3600
#define WAL_MAX   (16 << 20) /* SQLite empties it at 4 MB unless somebody keeps it from that */
#define MODE      0644

static const char head[] = "rcptbuild.state 4\n";

#define HEAD_LEN   (sizeof(head) - 1)
#define STATE_SIZE (HEAD_LEN + (NUMBERS + 1) * LINE_LEN)

static uint64_t
nanoseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

void
state_stamp(struct state_stamp *stamp, const char *path)
{
	struct stat st;

	memset(stamp, 0, sizeof(*stamp));
	if (stat(path, &st) == -1)
		return;
	stamp->device = (uint64_t)st.st_dev;
	stamp->inode = (uint64_t)st.st_ino;
	stamp->size = (uint64_t)st.st_size;
	stamp->modified = nanoseconds(st.st_mtim);
	stamp->changed = nanoseconds(st.st_ctim);
}

/* Replaces the times of a write-ahead log by a sum of what is in it. */
static void
stamp_contents(struct state_stamp *stamp, const char *path, uint64_t never)
{
	/* Whoever owns the folder may have put anything there. */
	int fd = stamp->size > WAL_MAX
	    ? -1
	    : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	unsigned char bytes[8192];
	uint64_t sum = CHECKSUM_START, left = WAL_MAX;
	ssize_t len = -1;
	struct stat st;

	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		while (left > 0 && (len = read(fd, bytes, sizeof(bytes))) > 0) {
			sum = checksum_add(sum, bytes, (size_t)len);
			left -= (uint64_t)len < left ? (uint64_t)len : left;
		}
	if (fd != -1)
		close(fd);
	/* What can't be read, or is too long to be read each minute, is never the same again.
	 */
	stamp->modified = len == 0 ? sum : never;
	stamp->changed = 0;
}

/* A database and what SQLite keeps beside it. */
static void
look_at(const char *path, struct state_stamp *database, struct state_stamp *wal,
    struct state_stamp *journal, uint64_t never)
{
	char name[PATH_MAX];

	state_stamp(database, path);
	if (snprintf(name, sizeof(name), "%s-wal", path) < (int)sizeof(name))
		state_stamp(wal, name);
	if (wal->inode != 0)
		stamp_contents(wal, name, never);
	if (snprintf(name, sizeof(name), "%s-journal", path) < (int)sizeof(name))
		state_stamp(journal, name);
}

void
state_look_accounts(struct state *state, const char *path)
{
	memset(&state->accounts, 0, sizeof(state->accounts));
	memset(&state->accounts_wal, 0, sizeof(state->accounts_wal));
	memset(&state->accounts_journal, 0, sizeof(state->accounts_journal));
	if (path != NULL)
		look_at(path, &state->accounts, &state->accounts_wal, &state->accounts_journal,
		    state->read_at);
}

void
state_look(struct state *state, const char *database, const char *cdb)
{
	char host[SETTINGS_HOST_SIZE];
	struct timespec now;

	memset(state, 0, sizeof(*state));
	clock_gettime(CLOCK_REALTIME, &now);
	state->read_at = nanoseconds(now);
	look_at(database, &state->database, &state->wal, &state->journal, state->read_at);
	state_stamp(&state->cdb, cdb);
	/* Another rcptbuild may compile otherwise. Where there is no /proc the versions that
	   the CDB and its records carry must do. */
	state_stamp(&state->program, "/proc/self/exe");
	host_name(host);
	state->host = checksum_add(CHECKSUM_START, host, strlen(host));
}

int64_t
state_changed_at(const struct state *old, const char *database)
{
	struct state there;
	char name[PATH_MAX];
	struct stat st;

	state_look(&there, database, "");
	if (old->database.inode != 0 && there.database.inode == 0)
		return -1;
	if (!state_same_file(&old->database, &there.database))
		return (int64_t)(there.database.changed / SECOND);
	/* A write-ahead log of which the contents could not be summed up says nothing. */
	if (there.wal.inode == 0 || there.wal.modified == there.read_at ||
	    state_same_file(&old->wal, &there.wal) ||
	    snprintf(name, sizeof(name), "%s-wal", database) >= (int)sizeof(name) ||
	    stat(name, &st) == -1)
		return 0;
	return (int64_t)st.st_mtim.tv_sec;
}

bool
state_same_file(const struct state_stamp *a, const struct state_stamp *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The same file, and it was old enough when it was read. ctime alone counts: nobody can set it.
 */
static bool
is_unchanged(const struct state_stamp *old, const struct state_stamp *there, uint64_t read_at)
{
	return state_same_file(old, there) && old->changed + 2 * SECOND <= read_at;
}

bool
state_names_fresh(const struct state *old, uint64_t resolve_every, int64_t now)
{
	/* A clock that was set back makes them old, not fresh for ever. */
	return old->resolved_at <= (uint64_t)now &&
	    (uint64_t)now - old->resolved_at < resolve_every;
}

bool
state_same_users(const struct state *old, const struct state *there)
{
	uint64_t read_at = old->read_at;

	return old->database.inode != 0 &&
	    is_unchanged(&old->database, &there->database, read_at) &&
	    is_unchanged(&old->wal, &there->wal, read_at) &&
	    is_unchanged(&old->journal, &there->journal, read_at) &&
	    is_unchanged(&old->accounts, &there->accounts, read_at) &&
	    is_unchanged(&old->accounts_wal, &there->accounts_wal, read_at) &&
	    is_unchanged(&old->accounts_journal, &there->accounts_journal, read_at) &&
	    is_unchanged(&old->feeds, &there->feeds, read_at);
}

bool
state_is_current(const struct state *old, const struct state *there, int64_t now)
{
	return old->cdb.inode != 0 && state_same_users(old, there) &&
	    state_same_file(&old->cdb, &there->cdb) && old->delivery == there->delivery &&
	    state_same_file(&old->program, &there->program) && old->host == there->host &&
	    (old->resolved_at == 0 || state_names_fresh(old, old->resolve_every, now));
}

bool
state_must_say(const struct state *old, uint64_t said, int64_t now)
{
	return said != 0 &&
	    (said != old->said || old->said_at > (uint64_t)now ||
		(uint64_t)now - old->said_at >= SAY_EVERY);
}

static size_t
make(char out[STATE_SIZE + 1], const struct state *state)
{
	uint64_t numbers[NUMBERS];
	size_t len = HEAD_LEN;

	memcpy(numbers, state, sizeof(numbers));
	memcpy(out, head, HEAD_LEN);
	for (size_t i = 0; i < NUMBERS; i++, len += LINE_LEN)
		snprintf(out + len, LINE_LEN + 1, "%016" PRIx64 "\n", numbers[i]);
	snprintf(out + len, LINE_LEN + 1, "%016" PRIx64 "\n",
	    checksum_add(CHECKSUM_START, out, len));
	return len + LINE_LEN;
}

static int
parse(struct state *state, const char *text, size_t len)
{
	uint64_t numbers[NUMBERS];
	char again[STATE_SIZE + 1];

	if (len != STATE_SIZE || memcmp(text, head, HEAD_LEN) != 0)
		return -1;
	for (size_t i = 0; i < NUMBERS; i++)
		numbers[i] = strtoull(text + HEAD_LEN + i * LINE_LEN, NULL, 16);
	memcpy(state, numbers, sizeof(numbers));
	/* It is good when it is what we would write, checksum and all. */
	make(again, state);
	return memcmp(again, text, STATE_SIZE) == 0 ? 0 : -1;
}

int
state_load(struct state *state, const char *path)
{
	char text[STATE_SIZE + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len = -1;

	if (fd != -1) {
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (len > 0) {
		text[len] = '\0';
		if (parse(state, text, (size_t)len) == 0)
			return 0;
	}
	memset(state, 0, sizeof(*state));
	return -1;
}

int
state_save(const struct state *state, const char *path, int folder)
{
	char text[STATE_SIZE + 1];
	size_t len = make(text, state);

	return publish_bytes(path, MODE, folder, text, len);
}

void
state_end(const char *path, int folder, int code, int64_t now)
{
	struct state state;

	(void)state_load(&state, path);
	if (state.failed_code == (uint64_t)code)
		return;
	if (code == 0)
		state.failed_since = 0;
	else if (state.failed_code == 0)
		state.failed_since = (uint64_t)now;
	state.failed_code = (uint64_t)code;
	(void)state_save(&state, path, folder);
}
