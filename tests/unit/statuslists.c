/* Lists of users that were changed after the last build. */
#include "door/statuslists.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cdbwriter.h"
#include "door/feeds.h"
#include "door/home.h"
#include "tap.h"

static struct cdbfile cdb;
static struct state state;

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd == -1 || write(fd, text, strlen(text)) == -1 || close(fd) == -1)
		abort();
}

static int64_t
changed_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_ctim.tv_sec : -1;
}

static void
write_cdb(const char *accounts)
{
	static const unsigned char note[CDBFILE_NOTE];
	struct cdbwriter writer;
	int fd = open(HOME_CDB, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || cdbwriter_start(&writer, fd, CDBWRITER_LIMIT) == -1 ||
	    cdbwriter_add(&writer, "a", 1, accounts, strlen(accounts)) == -1 ||
	    cdbwriter_finish(&writer, 1, note) == -1 || close(fd) == -1 ||
	    cdbfile_open(&cdb, HOME_CDB) == -1)
		abort();
}

/* As a build leaves it. */
static void
remember(const char *accounts)
{
	memset(&state, 0, sizeof(state));
	feeds_stamp(&state.feeds, HOME_FEEDS, "");
	state_look_accounts(&state, accounts);
}

int
main(void)
{
	char home[] = "/tmp/rcptcheck-statuslists.XXXXXX", accounts[64];

	if (mkdtemp(home) == NULL || chdir(home) == -1)
		return 1;
	snprintf(accounts, sizeof(accounts), "%s/accounts.db", home);
	mkdir("data", 0700);
	write_cdb(accounts);
	remember(NULL);
	is_int(statuslists_changed_at(&state, &cdb), 0, "no lists at all");
	mkdir(HOME_FEEDS, 0700);
	write_file(HOME_FEEDS "/one", "a@a.example\n");
	is_int(statuslists_changed_at(&state, &cdb), changed_at(HOME_FEEDS "/one"),
	    "a stored list that is new");
	remember(NULL);
	is_int(statuslists_changed_at(&state, &cdb), 0, "which was compiled");
	write_file(HOME_FEEDS "/one", "b@a.example\n");
	is_int(statuslists_changed_at(&state, &cdb), changed_at(HOME_FEEDS "/one"),
	    "one that was changed");
	write_file(accounts, "x");
	remember(accounts);
	is_int(statuslists_changed_at(&state, &cdb), 0, "users_database");
	write_file(accounts, "x");
	is_int(statuslists_changed_at(&state, &cdb), changed_at(accounts), "that was changed");
	unlink(accounts);
	is_int(statuslists_changed_at(&state, &cdb), 0, "that cannot be seen");
	cdbfile_close(&cdb);
	unlink(HOME_FEEDS "/one");
	rmdir(HOME_FEEDS);
	unlink(HOME_CDB);
	rmdir("data");
	if (chdir("/") == 0)
		rmdir(home);
	return tap_done();
}
