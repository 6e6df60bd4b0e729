#include "relaysettings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cdbfile.h"
#include "base/record.h"
#include "base/settings.h"

int64_t
relaysettings_default(void)
{
	struct settings settings;

	settings_default(&settings);
	return settings.relay_expire;
}

static const char *
trouble(void)
{
	return errno == EPROTO ? cdbfile_reason() : strerror(errno);
}

int
relaysettings_read(const char *home, ino_t *inode, int64_t *expire, const char **why)
{
	unsigned char value[RECORD_SIZE_MAX];
	const char key = RECORD_KEY_SETTINGS;
	char path[PATH_MAX];
	struct settings settings;
	struct cdbfile file;
	struct stat st;
	size_t len;
	int result = 1;

	if (snprintf(path, sizeof(path), "%s/data/rcptcheck.cdb", home) >= (int)sizeof(path) ||
	    stat(path, &st) == -1 || st.st_ino == *inode)
		return 0;
	*inode = st.st_ino;
	if (cdbfile_open(&file, path) == -1) {
		*why = trouble();
		return -1;
	}
	settings_default(&settings);
	switch (cdbfile_find(&file, &key, 1, value, sizeof(value), &len)) {
	case 1:
		if (len > 1 && value[0] == RECORD_VERSION &&
		    settings_parse(&settings, value + 1, len - 1) == len - 1)
			break;
		*why = "its settings are of another version: run rcptbuild";
		result = -1;
		break;
	case -1:
		*why = trouble();
		result = -1;
		break;
	}
	cdbfile_close(&file);
	if (result == 1)
		*expire = settings.relay_expire;
	return result;
}
