#include "relayrules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relayaddress.h"

static const char added[] = "+RELAYCLIENT=\0+RBLSMTPD="; /* and the NUL at its end */
static const char border[] = "\0relayd";

static int
open_base(struct relayrules *rules, const char *base)
{
	int fd = open(base, O_RDONLY | O_CLOEXEC | O_NONBLOCK), found;

	if (fd == -1)
		return -1;
	if (cdb_init(&rules->base, fd) != 0) {
		close(fd);
		return -1;
	}
	rules->has_base = true;
	found = cdb_find(&rules->base, border, sizeof(border));
	if (found < 0)
		return -1;
	rules->border = found == 0 ? 0 : cdb_datapos(&rules->base);
	return 0;
}

static void
close_base(struct relayrules *rules)
{
	if (!rules->has_base)
		return;
	close(cdb_fileno(&rules->base));
	cdb_free(&rules->base);
	rules->has_base = false;
}

int
relayrules_start(struct relayrules *rules, const char *base, int fd)
{
	memset(rules, 0, sizeof(*rules));
	rules->fd = -1;
	if (base != NULL && open_base(rules, base) == -1)
		return -1;
	if (cdb_make_start(&rules->make, fd) != 0)
		return -1;
	rules->fd = fd;
	return 0;
}

bool
relayrules_is_ours(const struct relayrules *rules)
{
	return rules->border != 0;
}

int
relayrules_look(const char *path)
{
	struct relayrules rules = {.has_base = false};
	int result = open_base(&rules, path), error = errno;

	close_base(&rules);
	errno = error;
	return result == -1 ? -1 : relayrules_is_ours(&rules);
}

/* Returns 1 with the data of the base's rule for this key, 0 for none, -1 for trouble. */
static int
find(struct relayrules *rules, const char *key, size_t len, const char **data,
    unsigned *data_len)
{
	struct cdb_find search;
	int result = cdb_findinit(&search, &rules->base, key, (unsigned)len);

	if (result > 0)
		do
			result = cdb_findnext(&search);
		while (result > 0 && cdb_keypos(&rules->base) < rules->border);
	if (result <= 0)
		return result;
	*data_len = cdb_datalen(&rules->base);
	*data = cdb_getdata(&rules->base);
	return *data == NULL ? -1 : 1;
}

/*
 * As tcpserver looks: the address, what it begins with up to a dot or colon, the longest first, and
 * nothing. (Rules with "=name" or "info@" it would have tried in between; we know neither.)
 */
static int
find_rule(struct relayrules *rules, const char *address, const char **data, unsigned *data_len)
{
	size_t len = strlen(address);
	int result;

	*data = "";
	*data_len = 0;
	if (!rules->has_base)
		return 0;
	result = find(rules, address, len, data, data_len);
	while (result == 0 && len > 0) {
		len--;
		if (len == 0 || address[len - 1] == '.' || address[len - 1] == ':')
			result = find(rules, address, len, data, data_len);
	}
	return result;
}

static bool
sets_relayclient(const char *data, unsigned len)
{
	static const char name[] = "+RELAYCLIENT=";

	while (len > 0) {
		const char *end = memchr(data, '\0', len);
		unsigned part = end == NULL ? len : (unsigned)(end - data) + 1;

		if (part >= sizeof(name) - 1 && memcmp(data, name, sizeof(name) - 1) == 0)
			return true;
		data += part;
		len -= part;
	}
	return false;
}

int
relayrules_add(struct relayrules *rules, const char *address)
{
	const char *data;
	char *rule;
	unsigned len;
	int result;

	/* To tcpserver that is a rule for all that begins like it. */
	if (address[strlen(address) - 1] == ':')
		return 0;
	if (find_rule(rules, address, &data, &len) == -1)
		return -1;
	if (len > 0 && (data[0] == 'D' || sets_relayclient(data, len)))
		return 0;
	rule = malloc(len + sizeof(added));
	if (rule == NULL)
		return -1;
	memcpy(rule, data, len);
	memcpy(rule + len, added, sizeof(added));
	result = cdb_make_add(&rules->make, address, (unsigned)strlen(address), rule,
	    len + (unsigned)sizeof(added));
	free(rule);
	return result == 0 ? 0 : -1;
}

/* The first rule for a key wins, so ours stand in front of the base's for the same address. */
static int
copy_base(struct relayrules *rules)
{
	unsigned position;
	int result;

	cdb_seqinit(&position, &rules->base);
	if (rules->border != 0)
		position = rules->border;
	while ((result = cdb_seqnext(&position, &rules->base)) > 0) {
		const void *key = cdb_getkey(&rules->base), *data = cdb_getdata(&rules->base);

		if (key == NULL || data == NULL ||
		    cdb_make_add(&rules->make, key, cdb_keylen(&rules->base), data,
			cdb_datalen(&rules->base)) != 0)
			return -1;
	}
	return result;
}

int
relayrules_finish(struct relayrules *rules)
{
	if (cdb_make_add(&rules->make, border, sizeof(border), "", 0) != 0 ||
	    (rules->has_base && copy_base(rules) == -1))
		return -1;
	close_base(rules);
	rules->fd = -1;
	if (cdb_make_finish(&rules->make) != 0)
		return -1;
	return fsync(rules->make.cdb_fd);
}

void
relayrules_abandon(struct relayrules *rules)
{
	int error = errno;

	close_base(rules);
	/* tinycdb frees its lists in cdb_make_finish alone; let it fail on a closed descriptor. */
	if (rules->fd != -1) {
		rules->make.cdb_fd = -1;
		(void)cdb_make_finish(&rules->make);
	}
	rules->fd = -1;
	errno = error;
}
