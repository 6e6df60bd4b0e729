#include "statuslists.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/record.h"
#include "base/settings.h"
#include "feeds.h"
#include "home.h"

#define SECOND 1000000000 /* in the unit of stamps */

/* Nothing to be seen there is no change: it may be that only we do not see it. */
static bool
is_changed(const struct state_stamp *old, const struct state_stamp *there)
{
	return there->inode != 0 && !state_same_file(old, there);
}

static void
look(struct state *there, char path[SETTINGS_PATH_SIZE], struct cdbfile *cdb)
{
	size_t len;

	memset(there, 0, sizeof(*there));
	path[0] = '\0';
	feeds_stamp(&there->feeds, HOME_FEEDS, "");
	if (cdbfile_find(cdb, (const char[]){RECORD_KEY_ACCOUNTS}, 1, path,
		SETTINGS_PATH_SIZE - 1, &len) != 1)
		return;
	path[len] = '\0';
	state_look_accounts(there, path);
}

int64_t
statuslists_changed_at(const struct state *state, struct cdbfile *cdb)
{
	char path[SETTINGS_PATH_SIZE], wal[SETTINGS_PATH_SIZE + sizeof("-wal")];
	struct state there;
	struct stat st;
	uint64_t newest = 0;

	look(&there, path, cdb);
	if (is_changed(&state->feeds, &there.feeds))
		newest = there.feeds.changed;
	if (is_changed(&state->accounts, &there.accounts) && there.accounts.changed > newest)
		newest = there.accounts.changed;
	newest /= SECOND;
	/* Of a write-ahead log stamps have the contents, see state.h. */
	if (is_changed(&state->accounts_wal, &there.accounts_wal) &&
	    snprintf(wal, sizeof(wal), "%s-wal", path) < (int)sizeof(wal) &&
	    stat(wal, &st) == 0 && (uint64_t)st.st_mtim.tv_sec > newest)
		newest = (uint64_t)st.st_mtim.tv_sec;
	return (int64_t)newest;
}
