#include "probecdb.h"

#include <string.h>

#include "base/record.h"
#include "probelog.h"

static const char *
read_settings(struct checker *checker, struct settings *settings)
{
	unsigned char value[RECORD_SIZE_MAX];
	const char key = RECORD_KEY_SETTINGS;
	size_t len;

	settings_default(settings);
	if (checker_use_cdb(checker) == -1)
		return checker_cdb_trouble();
	switch (cdbfile_find(&checker->cdb, &key, 1, value, sizeof(value), &len)) {
	case 1:
		if (len > 1 && value[0] == RECORD_VERSION &&
		    settings_parse(settings, value + 1, len - 1) == len - 1)
			return NULL;
		return "its settings are of another version: run rcptbuild";
	case 0:
		return NULL;
	default:
		return checker_cdb_trouble();
	}
}

const char *
probecdb_start(struct probecdb *probecdb, struct checker *checker, struct settings *settings)
{
	const char *trouble = read_settings(checker, settings);

	memcpy(probecdb->users, settings->probe_users, sizeof(probecdb->users));
	probecdb->inode = checker->cdb.inode;
	probecdb->kept = NULL;
	return trouble;
}

void
probecdb_look(struct probecdb *probecdb, struct checker *checker)
{
	struct settings settings;
	const char *reason;

	if (checker_use_cdb(checker) == -1)
		return;
	if (checker->cdb_kept != NULL && probecdb->kept == NULL)
		probelog("the new rcptcheck.cdb is not taken, the old one stays in use",
		    checker->cdb_kept);
	probecdb->kept = checker->cdb_kept;
	if (checker->cdb.inode == probecdb->inode)
		return;
	probecdb->inode = checker->cdb.inode;
	probelog("a new rcptcheck.cdb", NULL);
	reason = read_settings(checker, &settings);
	if (reason != NULL)
		probelog("rcptcheck.cdb", reason);
	else if (strcmp(settings.probe_users, probecdb->users) != 0)
		probelog("probe_users has changed: start rcptprobe anew", NULL);
}
