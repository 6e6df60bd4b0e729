/* When there is nothing to do. */
#include "door/state.h"

#include <fcntl.h>
#include <stdlib.h>
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

int
main(void)
{
	struct state old = last_run(), there = last_run(), read;
	char path[] = "/tmp/rcptcheck-state.XXXXXX", file[64];
	int folder, fd, bad = 0;

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
	close(folder);
	unlink(file);
	rmdir(path);
	return tap_done();
}
