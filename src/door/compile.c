#include "compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/cdbwriter.h"
#include "base/checksum.h"
#include "deliverypaths.h"
#include "sourceservers.h"

/* The value of all plain domains of one server, kept for the next of them. */
struct compile_made {
	uint32_t server;
	uint32_t len; /* 0: none */
	unsigned char bytes[64];
};

#define MADE_COUNT 4096 /* places; that of a server is its number, modulo this */

static int
add(struct compile *compile, char type, const char *key, const void *value, size_t len)
{
	char bytes[CDBFILE_KEY_MAX];
	size_t key_len = strlen(key);

	bytes[0] = type;
	memcpy(bytes + 1, key, key_len);
	return cdbwriter_add(&compile->writer, bytes, 1 + key_len, value, len);
}

/* Adds the record of a domain once more under its U-label, if a reader can take one so long. */
static int
add_unicode(struct compile *compile, const char *name, struct record *record)
{
	unsigned char value[RECORD_SIZE_MAX];
	char unicode[DOMAIN_UNICODE_SIZE];
	size_t len;

	if (!domain_unicode(unicode, name) || strlen(unicode) > ADDRESS_DOMAIN_MAX)
		return 0;
	strcpy(record->ask_domain, name);
	if (record->main_name[0] == '\0')
		strcpy(record->main_name, name);
	if ((len = record_make(value, sizeof(value), record)) == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	return add(compile, RECORD_KEY_DOMAIN, unicode, value, len);
}

/*
 * Most domains have one row, no settings and no lists of their own. Their values are the same
 * for the same server, so each is made once.
 */
static bool
is_plain(const struct source *source, uint32_t number)
{
	const struct source_name *name = &source->of_name[number];

	return source_is_domain(source, number) && name->setting == INTERN_NONE &&
	    (name->flags & (NAME_ACCEPT_ALL | NAME_LISTED | NAME_XN | NAME_LOCAL)) == 0 &&
	    source->rows[name->row].next == INTERN_NONE;
}

/*
 * What is known of the users of a domain; target is INTERN_NONE, or what it is an alias of: then the
 * users of both count.
 */
static unsigned
flags_of_users(const struct source *source, uint32_t number, uint32_t target)
{
	unsigned flags = 0, own = source->of_name[number].flags, others = 0;

	if (target != INTERN_NONE)
		others = source->of_name[target].flags;
	if (((own | others) & NAME_LOCAL) == 0)
		return 0;
	/*
	 * Where an alias has no users of its own it has those of its target. What the target of
	 * the target would say is not looked for.
	 */
	if (((own | others) & NAME_ODD) != 0 ||
	    (target != INTERN_NONE && target != number && source_is_alias(source, target)) ||
	    ((others & NAME_LOCAL) != 0 && (others & NAME_HAS_USERS) == 0) ||
	    ((others & NAME_LOCAL) == 0 && (own & NAME_HAS_USERS) == 0))
		flags |= RECORD_INCOMPLETE;
	if (((own | others) & NAME_CATCH_ALL) != 0)
		flags |= RECORD_CATCH_ALL;
	if (((own | others) & NAME_PREFIXES) != 0)
		flags |= RECORD_PREFIXES;
	return flags | RECORD_LOCAL;
}

/* Is an alias of this name one of nothing? */
static bool
is_nothing(const struct source *source, uint32_t target)
{
	return source->of_name[target].row == INTERN_NONE &&
	    (source->of_name[target].flags & NAME_LOCAL) == 0;
}

static int
add_domain(struct compile *compile, uint32_t number)
{
	struct source *source = compile->source;
	const struct source_name *of_name = &source->of_name[number];
	const char *name = intern_text(&source->names, number);
	uint32_t target = INTERN_NONE, asked = number;
	unsigned char value[RECORD_SIZE_MAX];
	struct record record;
	int64_t rowid;
	size_t len;

	memset(&record, 0, sizeof(record));
	record.settings = source->global;
	if (source_is_alias(source, number)) {
		asked = target = source->aliases[of_name->alias].target;
		if (is_nothing(source, target))
			record.flags |= (of_name->flags & NAME_LOCAL) != 0 ? RECORD_INCOMPLETE
									   : RECORD_DANGLING;
		strcpy(record.main_name, intern_text(&source->names, target));
		source_apply_settings(source, target, &record.settings);
	}
	source_apply_settings(source, number, &record.settings);
	record.flags |= flags_of_users(source, number, target);
	if (source->of_name[asked].row != INTERN_NONE) {
		if ((record.flags & RECORD_LOCAL) != 0)
			record.flags |= RECORD_ASK;
		if (sourceservers_of_name(
			source, asked, record.servers, &record.server_count, &rowid) != 0)
			return -1;
	}
	if ((of_name->flags & NAME_ACCEPT_ALL) != 0)
		record.flags |= RECORD_ACCEPT_ALL;
	if ((of_name->flags & NAME_LISTED) != 0)
		record.flags |= RECORD_LISTED;
	if ((len = record_make(value, sizeof(value), &record)) == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	if (is_plain(source, number) && len <= sizeof(compile->made->bytes)) {
		uint32_t server = source->rows[of_name->row].server;
		struct compile_made *made = &compile->made[server % MADE_COUNT];

		memcpy(made->bytes, value, len);
		made->len = (uint32_t)len;
		made->server = server;
	}
	if (add(compile, RECORD_KEY_DOMAIN, name, value, len) == -1)
		return -1;
	return (of_name->flags & NAME_XN) != 0 ? add_unicode(compile, name, &record) : 0;
}

static int
add_name(struct compile *compile, uint32_t number)
{
	struct source *source = compile->source;

	if (is_plain(source, number)) {
		uint32_t server = source->rows[source->of_name[number].row].server;
		const struct compile_made *made = &compile->made[server % MADE_COUNT];

		if (made->len > 0 && made->server == server)
			return add(compile, RECORD_KEY_DOMAIN,
			    intern_text(&source->names, number), made->bytes, made->len);
	}
	if (source_is_domain(source, number) || source_is_alias(source, number))
		return add_domain(compile, number);
	return 0;
}

/* An address of always_accept, under the A-label and the U-label of its domain. */
static int
add_listed(struct compile *compile, const struct source_accept *accept)
{
	const char *address = intern_text(&compile->source->addresses, accept->address);
	char unicode[DOMAIN_UNICODE_SIZE], key[ADDRESS_LOCAL_MAX + 1 + DOMAIN_UNICODE_SIZE];
	size_t local_len = (size_t)(strrchr(address, '@') + 1 - address);

	if (add(compile, RECORD_KEY_LISTED, address, "", 0) == -1)
		return -1;
	if (!domain_unicode(unicode, address + local_len) ||
	    strlen(unicode) > ADDRESS_DOMAIN_MAX)
		return 0;
	memcpy(key, address, local_len);
	strcpy(key + local_len, unicode);
	return add(compile, RECORD_KEY_LISTED, key, "", 0);
}

static int
add_all(struct compile *compile)
{
	struct source *source = compile->source;
	unsigned char value[RECORD_SIZE_MAX] = {RECORD_VERSION};
	size_t len = settings_make(value + 1, sizeof(value) - 1, &source->global);
	const char *accounts = source_setting(source, "users_database");

	if (len == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	if (add(compile, RECORD_KEY_SETTINGS, "", value, 1 + len) == -1)
		return -1;
	if (accounts != NULL &&
	    add(compile, RECORD_KEY_ACCOUNTS, "", accounts, strlen(accounts)) == -1)
		return -1;
	if (deliverypaths_add(&compile->writer, source) == -1)
		return -1;
	for (uint32_t i = SOURCE_FOR_ALL + 1; i < source->names.count; i++)
		if (add_name(compile, i) == -1)
			return -1;
	for (size_t i = 0; i < source->accept_count; i++)
		if (source->accepts[i].address != INTERN_NONE &&
		    add_listed(compile, &source->accepts[i]) == -1)
			return -1;
	for (uint32_t i = 0; i < source->host_names.count; i++) {
		const struct source_addresses *addresses = &source->of_host_name[i];

		if (addresses->count == 0)
			continue;
		len = record_make_addresses(
		    value, sizeof(value), addresses->servers, addresses->count);
		if (len == 0) {
			errno = EMSGSIZE;
			return -1;
		}
		if (add(compile, RECORD_KEY_NAME, intern_text(&source->host_names, i), value,
			len) == -1)
			return -1;
	}
	return 0;
}

static int
trouble(struct compile *compile, struct report *report)
{
	if (errno == EFBIG &&
	    compile->writer.limit - compile->writer.used < RECORD_SIZE_MAX * 2)
		return report_trouble(report,
		    "rcptcheck.cdb would be larger than 4 GB, and a CDB "
		    "can't be: spread the domains over "
		    "several hosts or homes (RCPTCHECK_HOME)");
	return report_trouble(report, "rcptcheck.cdb cannot be written: %s", strerror(errno));
}

int
compile_start(struct compile *compile, struct source *source, int fd, uint64_t limit,
    struct report *report)
{
	memset(compile, 0, sizeof(*compile));
	compile->source = source;
	compile->writer.finished = true; /* it has not begun */
	if ((compile->made = calloc(MADE_COUNT, sizeof(*compile->made))) == NULL)
		return report_trouble(report, "out of memory for rcptcheck.cdb");
	if (cdbwriter_start(&compile->writer, fd, limit) == 0)
		return 0;
	trouble(compile, report);
	compile_abandon(compile);
	return -1;
}

int
compile_user(void *context, const char *key, size_t len)
{
	struct compile *compile = context;

	return cdbwriter_add(&compile->writer, key, len, "", 0);
}

int
compile_finish(struct compile *compile, int64_t built, struct report *report,
    struct compile_counts *counts)
{
	unsigned char note[CDBFILE_NOTE] = {(unsigned char)compile->source->global.log};
	off_t end;

	if (compile_count(compile->source, report, counts) == -1)
		return -1;
	if (add_all(compile) == -1 || cdbwriter_finish(&compile->writer, built, note) == -1)
		return trouble(compile, report);
	end = lseek(compile->writer.fd, 0, SEEK_END);
	counts->bytes = end == -1 ? 0 : (uint64_t)end;
	compile_abandon(compile);
	return 0;
}

void
compile_abandon(struct compile *compile)
{
	cdbwriter_abandon(&compile->writer);
	free(compile->made);
	compile->made = NULL;
}

uint64_t
compile_digest(const struct source *source)
{
	const char *helo = source->global.helo;
	uint64_t sum = checksum_add(source->digest, helo, strlen(helo));

	for (uint32_t i = 0; i < source->host_names.count; i++) {
		const struct source_addresses *addresses = &source->of_host_name[i];

		sum = checksum_add_number(sum, addresses->count);
		sum = checksum_add(
		    sum, addresses->servers, addresses->count * sizeof(*addresses->servers));
	}
	return sum;
}

int
compile_count(struct source *source, struct report *report, struct compile_counts *counts)
{
	struct intern seen = {0};
	int result = 0;

	memset(counts, 0, sizeof(*counts));
	for (uint32_t i = SOURCE_FOR_ALL + 1; i < source->names.count; i++) {
		counts->domains += source_is_domain(source, i);
		counts->aliases += source_is_alias(source, i);
	}
	for (uint32_t i = 0; i < source->servers.count && result == 0; i++) {
		struct source_server server = source_server(source, i);
		const struct record_server *addresses;
		size_t count;

		addresses = sourceservers_of_host(source, server.host, &count);
		for (size_t j = 0; j < count; j++) {
			struct record_server one = addresses[j];

			one.port = (uint16_t)server.port;
			if (intern_add(&seen, &one, sizeof(one)) == INTERN_NONE)
				result = report_trouble(report, "out of memory for domain_ips");
		}
	}
	counts->servers = seen.count;
	intern_free(&seen);
	return result;
}
