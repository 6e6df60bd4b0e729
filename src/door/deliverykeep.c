#include "deliverykeep.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliveryfile.h"

#define DOMAIN_MAX 255

int
deliverykeep_note(struct deliverykeep *keep, const char *domain, size_t len)
{
	return intern_add(&keep->domains, domain, len) == INTERN_NONE ? -1 : 0;
}

/*
 * One line of rcpthosts; one such as ".example" is kept for later, since it takes all that ends in it.
 * Returns 0, or -1 for want of memory.
 */
static int
look_for_line(
    const struct deliverykeep *keep, struct intern *suffixes, const char *line, size_t len)
{
	char domain[DOMAIN_MAX];
	uint32_t number;

	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (len > sizeof(domain))
		return 0;
	for (size_t i = 0; i < len; i++)
		domain[i] =
		    line[i] >= 'A' && line[i] <= 'Z' ? (char)(line[i] - 'A' + 'a') : line[i];
	if (len > 0 && domain[0] == '.')
		return intern_add(suffixes, domain, len) == INTERN_NONE ? -1 : 0;
	number = intern_find(&keep->domains, domain, len);
	if (number != INTERN_NONE)
		keep->needed[number] = true;
	return 0;
}

/* As qmail looks: for what begins at each dot. */
static void
look_for_suffixes(const struct deliverykeep *keep, const struct intern *suffixes)
{
	for (uint32_t i = 0; i < keep->domains.count && suffixes->count > 0; i++) {
		const char *dot = strchr(intern_text(&keep->domains, i), '.');

		for (; !keep->needed[i] && dot != NULL; dot = strchr(dot + 1, '.'))
			keep->needed[i] =
			    intern_find(suffixes, dot, strlen(dot)) != INTERN_NONE;
	}
}

/* Returns 0, or -1: it can't be told. */
static int
look_in_text(struct deliverykeep *keep, const char *path)
{
	struct intern suffixes = {0};
	struct deliveryfile file;
	int result = 0;

	if (deliveryfile_read(&file, path) != NULL)
		return -1;
	if (!file.there || memchr(file.bytes, '\0', file.len) != NULL) {
		deliveryfile_free(&file);
		return -1;
	}
	for (size_t at = 0; at < file.len && result == 0;) {
		const char *line = file.bytes + at, *lf = memchr(line, '\n', file.len - at);
		size_t len = lf != NULL ? (size_t)(lf - line) : file.len - at;

		result = look_for_line(keep, &suffixes, line, len);
		at += len + 1;
	}
	look_for_suffixes(keep, &suffixes);
	intern_free(&suffixes);
	deliveryfile_free(&file);
	return result;
}

/* One domain, as itself and by what begins at each of its dots. Returns 1, 0 or -1. */
static int
find_in_cdb(struct cdb *cdb, const char *domain)
{
	int found = cdb_find(cdb, domain, (unsigned)strlen(domain));

	for (const char *dot = strchr(domain, '.'); found == 0 && dot != NULL;
	     dot = strchr(dot + 1, '.'))
		found = cdb_find(cdb, dot, (unsigned)strlen(dot));
	return found < 0 ? -1 : found > 0;
}

static int
look_in_cdb(struct deliverykeep *keep, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), result = 0;
	struct cdb cdb;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (cdb_init(&cdb, fd) == -1) {
		close(fd);
		return -1;
	}
	for (uint32_t i = 0; i < keep->domains.count && result == 0; i++) {
		int found = find_in_cdb(&cdb, intern_text(&keep->domains, i));

		if (found == -1)
			result = -1;
		else if (found == 1)
			keep->needed[i] = true;
	}
	cdb_free(&cdb);
	close(fd);
	return result;
}

void
deliverykeep_look(struct deliverykeep *keep, const char *text, const char *cdb)
{
	if (keep->domains.count == 0)
		return;
	keep->needed = calloc(keep->domains.count, sizeof(*keep->needed));
	if (keep->needed == NULL)
		return;
	if ((text != NULL && look_in_text(keep, text) == -1) ||
	    (cdb != NULL && look_in_cdb(keep, cdb) == -1)) {
		free(keep->needed);
		keep->needed = NULL;
	}
}

bool
deliverykeep_needs(const struct deliverykeep *keep, const char *domain, size_t len)
{
	uint32_t number = intern_find(&keep->domains, domain, len);

	return number != INTERN_NONE && (keep->needed == NULL || keep->needed[number]);
}

void
deliverykeep_free(struct deliverykeep *keep)
{
	intern_free(&keep->domains);
	free(keep->needed);
	keep->needed = NULL;
}
