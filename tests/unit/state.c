/* When there is nothing to do. */
#include "door/state.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define SECOND UINT64_C(1000000000)

static struct state
last_run(void)
{
	struct state state = {.read_at = 1000 * SECOND, .host = 5, .digest = 6};

	state.database = (struct state_stamp){1, 2, 3, 900 * SECOND, 900 * SECOND};
	state.wal = (struct state_stamp){1, 3, 3, 900 * SECOND, 998 * SECOND};
	state.cdb = (struct state_stamp){1, 4, 3, 900 * SECOND, 1000 * SECOND};
	state.program = (struct state_stamp){1, 5, 3, 1, 1};
	return state;
}

static void
changed(const char *what, struct state old, struct state there)
{
	ok(!state_is_current(&old, &there, 1010), "not current: %s", what);
}

static void
spit(const char *path, const char *bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (write(fd, bytes, strlen(bytes)) != (ssize_t)strlen(bytes))
		abort();
	close(fd);
}

static void
test_changed_at(const char *folder)
{
	struct timespec then[2] = {{5000, 0}, {5000, 0}};
	struct state old;
	char database[64], wal[80];
	int64_t now = (int64_t)time(NULL), at;

	snprintf(database, sizeof(database), "%s/db", folder);
	snprintf(wal, sizeof(wal), "%s-wal", database);
	spit(database, "a database");
	state_look(&old, database, "");
	is_int(state_changed_at(&old, database), 0, "a database that is as it was");
	spit(wal, "an edit");
	utimensat(AT_FDCWD, wal, then, 0);
	is_int(state_changed_at(&old, database), 5000, "a write-ahead log that came");
	state_look(&old, database, "");
	is_int(state_changed_at(&old, database), 0, "and was read");
	spit(wal, "another");
	utimensat(AT_FDCWD, wal, then, 0);
	is_int(state_changed_at(&old, database), 5000, "and is another");
	unlink(wal);
	is_int(state_changed_at(&old, database), 0, "and is gone");
	spit(database, "it");
	at = state_changed_at(&old, database);
	ok(at >= now && at <= now + 60, "a database that was changed");
	unlink(database);
	is_int(state_changed_at(&old, database), -1, "and is gone");
}

static ino_t
inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

int
main(void)
{
	struct state old = last_run(), there = last_run(), read;
	char path[] = "/tmp/rcptcheck-state.XXXXXX", file[64];
	int folder, fd, bad = 0;
	ino_t inode;

	ok(state_is_current(&old, &there, 1010), "nothing changed: current");
#define CHANGE(member)                                                                         \
	there = last_run();                                                                    \
	there.member++;                                                                        \
	changed(#member, last_run(), there)
	CHANGE(database.device);
	CHANGE(database.inode);
	CHANGE(database.size);
	CHANGE(database.modified);
	CHANGE(database.changed);
	CHANGE(wal.size);
	CHANGE(journal.inode);
	CHANGE(accounts.inode);
	CHANGE(accounts.changed);
	CHANGE(accounts_wal.modified);
	CHANGE(accounts_journal.size);
	CHANGE(feeds.inode);
	CHANGE(delivery);
	CHANGE(cdb.inode);
	CHANGE(program.modified);
	CHANGE(host);
	there = last_run();
	old.database.changed = there.database.changed = 998 * SECOND + 1;
	changed("the database changed just before it was read", old, there);
	old = there = last_run();
	old.wal.changed = there.wal.changed = 999 * SECOND;
	changed("the WAL changed just before it was read", old, there);
	old = there = last_run();
	old.accounts.changed = there.accounts.changed = 999 * SECOND;
	changed("users_database changed just before it was read", old, there);
	old = there = last_run();
	old.feeds.changed = there.feeds.changed = 999 * SECOND;
	changed("a feed changed just before it was read", old, there);
	there.cdb.size++;
	ok(!state_same_users(&old, &there), "so its users may be others");
	old.feeds.changed = there.feeds.changed = 900 * SECOND;
	ok(state_same_users(&old, &there), "another CDB makes no other users");
	old = there = last_run();
	memset(&old.database, 0, sizeof(old.database));
	memset(&there.database, 0, sizeof(there.database));
	changed("there is no database", old, there);
	old = there = last_run();
	memset(&old.cdb, 0, sizeof(old.cdb));
	memset(&there.cdb, 0, sizeof(there.cdb));
	changed("there is no CDB", old, there);

	old = there = last_run();
	old.resolved_at = 700;
	old.resolve_every = 300;
	ok(!state_is_current(&old, &there, 1000), "names are looked up when it is time");
	ok(state_is_current(&old, &there, 999), "... not before");
	ok(!state_is_current(&old, &there, 699), "... but when the clock was set back");

	old.said = 7;
	old.said_at = 5000;
	ok(!state_must_say(&old, 7, 8599), "the same is not said again within an hour");
	ok(state_must_say(&old, 7, 8600), "... but then");
	ok(state_must_say(&old, 8, 5001), "something else is, at once");
	ok(state_must_say(&old, 7, 4999), "... and when the clock was set back");
	ok(!state_must_say(&old, 0, 9999), "nothing is never said");

	if (mkdtemp(path) == NULL || (folder = open(path, O_RDONLY | O_DIRECTORY)) == -1)
		return 1;
	snprintf(file, sizeof(file), "%s/state", path);
	ok(state_load(&read, file) == -1 && read.digest == 0, "no file is no state");
	ok(state_save(&old, file, folder) == 0, "saved");
	ok(state_load(&read, file) == 0 && memcmp(&read, &old, sizeof(old)) == 0,
	    "and read again");
	fd = open(file, O_RDWR);
	for (off_t i = 0, size = lseek(fd, 0, SEEK_END); i < size; i++) {
		char c, other;

		if (pread(fd, &c, 1, i) != 1)
			break;
		other = c == '0' ? '1' : '0';
		bad += pwrite(fd, &other, 1, i) != 1 || state_load(&read, file) == 0;
		bad += pwrite(fd, &c, 1, i) != 1;
	}
	is_int(bad, 0, "any changed byte is seen");
	bad += pwrite(fd, "", 1, lseek(fd, 0, SEEK_END)) != 1;
	ok(state_load(&read, file) == -1, "one more byte is seen");
	bad += ftruncate(fd, 100);
	ok(state_load(&read, file) == -1 && read.digest == 0, "a cut file is seen");
	close(fd);

	state_end(file, folder, 0, 5000);
	ok(state_load(&read, file) == -1, "a good run leaves a file that is none as it is");
	state_end(file, folder, 111, 5000);
	ok(state_load(&read, file) == 0 && read.failed_since == 5000 && read.failed_code == 111,
	    "a failure without a state to keep");
	state_save(&old, file, folder);
	state_end(file, folder, 111, 6000);
	ok(state_load(&read, file) == 0 && read.failed_since == 6000 && read.failed_code == 111,
	    "a failure is remembered");
	ok(memcmp(&read, &old, offsetof(struct state, failed_since)) == 0, "with all the rest");
	inode = inode_of(file);
	state_end(file, folder, 111, 7000);
	ok(inode == inode_of(file), "the same again is not written again");
	state_end(file, folder, 100, 8000);
	ok(state_load(&read, file) == 0 && read.failed_since == 6000 && read.failed_code == 100,
	    "another one keeps the first time");
	state_end(file, folder, 0, 9000);
	ok(state_load(&read, file) == 0 && memcmp(&read, &old, sizeof(old)) == 0,
	    "a good run clears it");
	inode = inode_of(file);
	state_end(file, folder, 0, 9001);
	ok(inode == inode_of(file), "and the next one writes nothing");
	unlink(file);
	state_end("/nonexistent/state", folder, 111, 9000);
	ok(access(file, F_OK) == -1, "what cannot be saved is forgotten");
	close(folder);
	test_changed_at(path);
	ok(rmdir(path) == 0, "nothing else is left in the folder");
	return tap_done();
}
