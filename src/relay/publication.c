#include "publication.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/publish.h"
#include "relayaddress.h"

#define MODE 0644

static bool
make_path(const struct publication *publication, char path[PATH_MAX], const char *name)
{
	return snprintf(path, PATH_MAX, "%s/%s", publication->home, name) < PATH_MAX;
}

/* The trouble is that of errno. */
static void
say_trouble(const struct publication *publication, const char *what)
{
	publication->trouble(publication->context, what, strerror(errno));
}

static int
publish_row(void *context, const char *address, const struct relayrow *row)
{
	struct publication *publication = context;
	unsigned char value[RELAYROW_VALUE_SIZE];
	char key[RELAYROW_KEY_SIZE], normal[RELAYADDRESS_SIZE];
	const char *why = relayaddress_normalise(normal, address, strlen(address));

	if (why == NULL && strcmp(normal, address) != 0)
		why = "not in the form in which it is asked for (RFC 5952)";
	if (why != NULL) {
		if (publication->odd != NULL)
			publication->odd(publication->context, address, why);
		return 0;
	}
	relayrow_make(value, row);
	/* The plain key is Postfix's, which asks for parts of addresses. */
	if ((relayaddress_is_safe_in_parts(address) &&
		cdbwriter_add_plain(&publication->writer, address, strlen(address), RELAYROW_OK,
		    strlen(RELAYROW_OK)) == -1) ||
	    cdbwriter_add(&publication->writer, key, relayrow_key(key, address), value,
		sizeof(value)) == -1)
		return -1;
	publication->count++;
	if (row->expires != 0 && (publication->first == 0 || row->expires < publication->first))
		publication->first = row->expires;
	return 0;
}

/* What the database says, or else the system. */
static const char *
reason(const struct relaydb *db)
{
	int code = sqlite3_errcode(db->database);

	return code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW
	    ? strerror(errno)
	    : relaydb_reason(db);
}

int
publication_make(struct publication *publication, struct relaydb *db, int64_t now)
{
	static const unsigned char note[CDBFILE_NOTE];
	char path[PATH_MAX];
	int fd;

	publication->count = 0;
	publication->first = 0;
	if (!make_path(publication, path, RELAYROW_CDB))
		return -1;
	fd = publish_start(path, MODE);
	if (fd == -1) {
		say_trouble(publication, path);
		return -1;
	}
	if (cdbwriter_start(&publication->writer, fd, CDBWRITER_LIMIT) == -1 ||
	    relaydb_fresh(db, now, publish_row, publication) == -1 ||
	    cdbwriter_finish(&publication->writer, now, note) == -1) {
		publication->trouble(publication->context, path, reason(db));
		cdbwriter_abandon(&publication->writer);
		publish_abandon(fd, path);
		return -1;
	}
	if (publish_finish(fd, path, publication->folder) == -1) {
		say_trouble(publication, path);
		return -1;
	}
	return 0;
}
