#include "wrapsettings.h"

#include <stdio.h>

#include "base/cdbfile.h"
#include "base/record.h"

bool
wrapsettings_read(struct settings *settings, const char *home)
{
	static struct cdbfile cdb;
	static unsigned char value[RECORD_SIZE_MAX];
	const char key = RECORD_KEY_SETTINGS;
	char path[512];
	size_t len;
	bool good;

	settings_default(settings);
	if (snprintf(path, sizeof(path), "%s/data/rcptcheck.cdb", home) >= (int)sizeof(path) ||
	    cdbfile_open(&cdb, path) == -1)
		return false;
	good = cdbfile_find(&cdb, &key, 1, value, sizeof(value), &len) == 1 && len > 1 &&
	    value[0] == RECORD_VERSION &&
	    settings_parse(settings, value + 1, len - 1) == len - 1;
	cdbfile_close(&cdb);
	if (!good)
		settings_default(settings);
	return good;
}

unsigned
wrapsettings_limit(const char *home)
{
	struct settings settings;

	(void)wrapsettings_read(&settings, home);
	return settings.refused_limit;
}
