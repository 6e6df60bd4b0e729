#include "deliveryrestore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/cdbwalk.h"
#include "base/record.h"
#include "deliveryfile.h"
#include "deliverypaths.h"
#include "deliverytext.h"

struct restorer {
	struct deliverytext lines;
	bool routes; /* smtproutes has lines for all that have an IPv4 address */
	struct deliverytext_split ways; /* and what the administrator has there */
};

/* As deliverylines.c: a host name that has no address now has a line by its name. */
static bool
has_way(const struct restorer *restorer, const struct record *record, const char *domain)
{
	if (!restorer->routes || (record->flags & RECORD_LOCAL) != 0 ||
	    record->server_count == 0 || deliverytext_routes(&restorer->ways, domain))
		return true;
	for (size_t i = 0; i < record->server_count; i++)
		if (record->servers[i].family == 4)
			return true;
	return false;
}

static int
take(void *context, const struct cdbfile_record *bytes)
{
	struct restorer *restorer = context;
	struct record record;
	char domain[ADDRESS_DOMAIN_MAX + 1];

	if (bytes->key_len < 2 || bytes->key_len > sizeof(domain) ||
	    bytes->key[0] != RECORD_KEY_DOMAIN)
		return 0;
	for (size_t i = 1; i < bytes->key_len; i++)
		if (bytes->key[i] <= ' ' || bytes->key[i] >= 0x7f)
			return 0; /* a U-label: it is there as an A-label */
	if (record_parse(&record, bytes->value, bytes->len) == -1)
		return 1;
	memcpy(domain, bytes->key + 1, bytes->key_len - 1);
	domain[bytes->key_len - 1] = '\0';
	if (has_way(restorer, &record, domain)) {
		deliverytext_string(&restorer->lines, domain);
		deliverytext_string(&restorer->lines, "\n");
	}
	return restorer->lines.failed;
}

static const char *
write_text(const struct deliveryfile *file, const struct deliverytext *text)
{
	const char *why;
	int fd;

	if ((why = deliveryfile_start(file, &fd)) != NULL)
		return why;
	if ((why = deliveryfile_write(fd, text->bytes, text->len)) == NULL)
		return deliveryfile_finish(file, fd);
	deliveryfile_abandon(file, fd);
	return why;
}

static const char *
restore(struct restorer *restorer, struct cdbfile *cdb, const struct deliveryfile *file)
{
	const struct deliverytext_split nothing = {0};
	struct deliverytext text = {0};
	const char *why = NULL;

	if (cdbwalk(cdb, take, restorer) != 0)
		return restorer->lines.failed ? "out of memory" : "the CDB in use is damaged";
	deliverytext_merge(&text, &nothing, "", 0, &restorer->lines);
	why = text.failed ? "out of memory" : write_text(file, &text);
	free(text.bytes);
	return why;
}

/* Whose way is not known keeps it: nothing is refused for that. */
static void
read_ways(struct restorer *restorer, struct cdbfile *cdb)
{
	struct deliveryfile file;
	char path[SETTINGS_PATH_SIZE];

	restorer->routes = deliverypaths_find(cdb, DELIVERY_SMTPROUTES, path);
	if (!restorer->routes)
		return;
	if (deliveryfile_read(&file, path) != NULL ||
	    deliverytext_find(&restorer->ways, file.bytes, file.len) != NULL)
		restorer->routes = false;
	deliveryfile_free(&file);
}

int
deliveryrestore(struct cdbfile *cdb, const char **why)
{
	struct restorer restorer = {.lines = {0}};
	struct deliveryfile file;
	char path[SETTINGS_PATH_SIZE];

	if (!deliverypaths_find(cdb, DELIVERY_RCPTHOSTS, path) || access(path, F_OK) == 0 ||
	    errno != ENOENT)
		return 0;
	read_ways(&restorer, cdb);
	if ((*why = deliveryfile_read(&file, path)) == NULL)
		*why = file.there ? NULL : restore(&restorer, cdb, &file);
	deliveryfile_free(&file);
	free(restorer.lines.bytes);
	intern_free(&restorer.ways.keys);
	return *why == NULL ? 1 : -1;
}
