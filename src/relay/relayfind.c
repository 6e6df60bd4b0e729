#include "relayfind.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cdbfile.h"
#include "base/line.h"
#include "relayrow.h"

/* All texts of trouble, so that they stand in one place; what is foreign in them is escaped. */
static const char trouble_path[] = "the path of the home directory is too long";

static __attribute__((format(printf, 2, 3))) void
add_trouble(struct relayfind_trouble *trouble, const char *format, ...)
{
	size_t len = strlen(trouble->text);
	va_list arguments;

	if (len > 0 && len + 3 < sizeof(trouble->text)) {
		strcpy(trouble->text + len, "; ");
		len += 2;
	}
	va_start(arguments, format);
	vsnprintf(trouble->text + len, sizeof(trouble->text) - len, format, arguments);
	va_end(arguments);
}

/* Returns 1 with the row, 0 when it is proven that there is none, -1 with errno. */
static int
find_in_cdb(const char *path, const char *address, struct relayrow *row)
{
	unsigned char value[RELAYROW_VALUE_SIZE];
	char key[RELAYROW_KEY_SIZE];
	struct cdbfile file;
	size_t len;
	int result, saved;

	if (cdbfile_open(&file, path) == -1)
		return -1;
	result =
	    cdbfile_find(&file, key, relayrow_key(key, address), value, sizeof(value), &len);
	saved = errno;
	cdbfile_close(&file);
	errno = saved;
	if (result == 1 && !relayrow_parse(row, value, len)) {
		errno = EMSGSIZE;
		return -1;
	}
	return result;
}

/* The same for the database; the view knows what is fresh. */
static int
find_in_database(
    const char *path, const char *address, int wait, struct relayfind_trouble *trouble)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	int result = -1;

	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(database, wait) == SQLITE_OK &&
	    sqlite3_prepare_v2(database, "SELECT 1 FROM relay_ok WHERE ip = ?1", -1, &statement,
		NULL) == SQLITE_OK &&
	    sqlite3_bind_text(statement, 1, address, -1, SQLITE_STATIC) == SQLITE_OK) {
		switch (sqlite3_step(statement)) {
		case SQLITE_ROW:
			result = 1;
			break;
		case SQLITE_DONE:
			result = 0;
			break;
		}
	}
	if (result == -1)
		add_trouble(trouble, "relay.db: %.80s", sqlite3_errmsg(database));
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return result;
}

enum relayfind
relayfind(const char *home, const char *address, int64_t now, int wait,
    struct relayfind_trouble *trouble)
{
	char path[PATH_MAX], normal[RELAYADDRESS_SIZE];
	const char *why;
	struct relayrow row;

	trouble->text[0] = '\0';
	if (address == NULL)
		address = "";
	why = relayaddress_normalise(normal, address, strlen(address));
	if (why != NULL) {
		struct line line;

		line_start(&line);
		line_add_foreign(&line, address, strlen(address), 60);
		add_trouble(trouble, "client address '%.180s': %s", line.text, why);
		return RELAYFIND_NO;
	}
	if (snprintf(path, sizeof(path), "%s/" RELAYROW_CDB, home) >= (int)sizeof(path)) {
		add_trouble(trouble, "%s", trouble_path);
		return RELAYFIND_NO;
	}
	switch (find_in_cdb(path, normal, &row)) {
	case 1:
		return relayrow_is_fresh(&row, now) ? RELAYFIND_YES : RELAYFIND_NO;
	case 0:
		return RELAYFIND_NO;
	}
	add_trouble(
	    trouble, "relay.cdb: %.100s", errno == EPROTO ? cdbfile_reason() : strerror(errno));
	snprintf(path, sizeof(path), "%s/" RELAYROW_DATABASE, home);
	return find_in_database(path, normal, wait, trouble) == 1 ? RELAYFIND_YES
								  : RELAYFIND_NO;
}
