#include "logindb.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relayrow.h"

#define CONFIG_MAX 4096 /* bytes of a file for Postfix */

/* May not be there yet: then the names must be the same. */
static bool
is_file(const char *path, const char *home, const char *name)
{
	char own[PATH_MAX];
	struct stat a, b;

	if (snprintf(own, sizeof(own), "%s/%s", home, name) >= (int)sizeof(own))
		return false;
	if (strcmp(path, own) == 0)
		return true;
	return stat(path, &a) == 0 && stat(own, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

/* A file with lines "name = value", as sqlite_table(5) has it: what is its dbpath? */
static bool
config_is_ours(const char *path, const char *home)
{
	char text[CONFIG_MAX + 1], *rest = text, *line;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t len = fd == -1 ? -1 : read(fd, text, CONFIG_MAX);

	if (fd != -1)
		close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		static const char name[] = "dbpath";
		size_t end;

		line += strspn(line, " \t");
		if (strncmp(line, name, sizeof(name) - 1) != 0)
			continue;
		line += sizeof(name) - 1;
		line += strspn(line, " \t");
		if (*line != '=')
			continue;
		line++;
		line += strspn(line, " \t");
		end = strcspn(line, " \t\r");
		line[end] = '\0';
		return is_file(line, home, RELAYROW_DATABASE);
	}
	return false;
}

static const char *
after(const char *text, const char *begin)
{
	size_t len = strlen(begin);

	return strncmp(text, begin, len) == 0 ? text + len : NULL;
}

bool
logindb_is_ours(const char *value, const char *home)
{
	char cdb[PATH_MAX];
	const char *name;

	if (value == NULL || value[0] == '\0')
		return true;
	name = after(value, "proxy:");
	if (name != NULL)
		value = name;
	name = after(value, "sqlite:");
	if (name != NULL)
		return is_file(name, home, RELAYROW_DATABASE) || config_is_ours(name, home);
	name = after(value, "cdb:");
	if (name == NULL)
		return false;
	if (snprintf(cdb, sizeof(cdb), "%s.cdb", name) >= (int)sizeof(cdb))
		return false;
	return is_file(name, home, RELAYROW_CDB) || is_file(cdb, home, RELAYROW_CDB);
}
