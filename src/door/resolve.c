#include "resolve.h"

#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"

static int
compare(const void *a, const void *b)
{
	return host_compare(a, b);
}

/* Sorts and drops duplicates: DNS rotates its answers, and that must not make a new CDB. */
static size_t
sort_unique(struct record_server *servers, size_t count)
{
	size_t kept = 0;

	qsort(servers, count, sizeof(*servers), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || host_compare(&servers[kept - 1], &servers[i]) != 0)
			servers[kept++] = servers[i];
	return kept;
}

int
resolve_system(const char *name, struct record_server servers[RESOLVE_MAX], size_t *count,
    const char **why)
{
	/* No AI_ADDRCONFIG: what the CDB says must not hang on which interface is up just now.
	 */
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *all;
	int rc = getaddrinfo(name, NULL, &hints, &all);

	*count = 0;
	if (rc != 0) {
		*why = rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc);
		return -1;
	}
	for (struct addrinfo *i = all; i != NULL && *count < RESOLVE_MAX; i = i->ai_next)
		if (host_from_sockaddr(&servers[*count], i->ai_addr))
			++*count;
	freeaddrinfo(all);
	if (*count == 0) {
		*why = "it has no address that a server can have";
		return -1;
	}
	return 0;
}

static int
set_addresses(
    struct source_addresses *addresses, const struct record_server *servers, size_t count)
{
	struct record_server *copy = malloc(count * sizeof(*copy));

	if (copy == NULL)
		return -1;
	memcpy(copy, servers, count * sizeof(*copy));
	free(addresses->servers);
	addresses->servers = copy;
	addresses->count = count;
	return 0;
}

/* Takes the addresses over that the previous CDB has for the name. Returns 0 or -1 (memory). */
static int
take_previous(struct source_addresses *addresses, struct cdbfile *previous, const char *name)
{
	unsigned char value[RECORD_SIZE_MAX], key[1 + DOMAIN_SIZE] = {RECORD_KEY_NAME};
	struct record_server servers[RECORD_SERVERS_MAX];
	size_t len = strlen(name), count;

	memcpy(key + 1, name, len);
	/* Damage is no news here: it is a reason to build, and the name is looked up. */
	if (previous == NULL ||
	    cdbfile_find(previous, key, 1 + len, value, sizeof(value), &len) != 1 ||
	    record_parse_addresses(servers, &count, value, len) == -1 || count == 0)
		return 0;
	return set_addresses(addresses, servers, count);
}

static void
warn(struct report *report, const char *table, const char *name, const char *why,
    const struct source_addresses *kept)
{
	struct line line, identity;

	line_start(&line);
	line_add(&line, table);
	line_add(&line, ": host name '");
	line_add(&line, name);
	line_add(&line, "' does not resolve: ");
	line_add(&line, why);
	if (kept->count == 0) {
		line_add(&line, ": no server will be asked by this name");
	} else {
		line_add(&line, ": keeping");
		for (size_t i = 0; i < kept->count; i++) {
			char text[RECORD_SERVER_TEXT];

			record_server_text(text, &kept->servers[i]);
			*strrchr(text, ':') = '\0';
			line_add(&line, " ");
			line_add(&line, text);
		}
	}
	line_start(&identity);
	line_add(&identity, kept->count == 0 ? "lost " : "kept ");
	line_add(&identity, name);
	report_add_as(report, REPORT_WARNING, line.text, identity.text);
}

/* Looks one name up. Returns 0, whether it was found or not, or -1 (memory). */
static int
look_up(struct source *source, uint32_t number, resolve_lookup *lookup, int64_t deadline,
    struct report *report, struct resolve_result *result)
{
	struct source_addresses *addresses = &source->of_host_name[number];
	const char *name = intern_text(&source->host_names, number);
	const char *why = "it has no address";
	struct record_server servers[RESOLVE_MAX];
	size_t count;

	/* Every byte of them: what comes of it is summed and compared as bytes. */
	memset(servers, 0, sizeof(servers));
	result->asked++;
	addresses->asked = true;
	if (deadline_left(deadline) == 0) {
		why = "no time left for it in this run";
	} else if (lookup(name, servers, &count, &why) == 0 && count > 0) {
		count = sort_unique(servers, count);
		return set_addresses(addresses, servers, count);
	}
	result->failed++;
	warn(report, source->hosts_table == NULL ? "domain_ips" : source->hosts_table, name,
	    why, addresses);
	return 0;
}

int
resolve_names(struct source *source, struct cdbfile *previous, bool keep,
    resolve_lookup *lookup, int64_t deadline, struct report *report,
    struct resolve_result *result)
{
	uint32_t count = source->host_names.count;
	uint32_t start = count > 0 ? (uint32_t)((uint64_t)deadline % count) : 0;

	memset(result, 0, sizeof(*result));
	if (lookup == resolve_system) {
		/* The search list could make another host's name of one that has no address
		   just now, and its answers would be taken for those of the primary. */
		if (setenv("RES_OPTIONS", "timeout:2 attempts:2", 0) == -1 ||
		    setenv("LOCALDOMAIN", "", 0) == -1)
			goto no_memory;
		res_init();
	}
	for (uint32_t i = 0; i < count; i++)
		if (take_previous(&source->of_host_name[i], previous,
			intern_text(&source->host_names, i)) == -1)
			goto no_memory;
	/* Names without any address come first, so that time does not run out for them; the
	   others begin anywhere, so that it does not run out for the same ones each time. */
	for (uint32_t n = 0; n < count; n++) {
		uint32_t i = (start + n) % count;

		if (source->of_host_name[i].count == 0 &&
		    look_up(source, i, lookup, deadline, report, result) == -1)
			goto no_memory;
	}
	for (uint32_t n = 0; n < count && !keep; n++) {
		uint32_t i = (start + n) % count;

		if (!source->of_host_name[i].asked &&
		    look_up(source, i, lookup, deadline, report, result) == -1)
			goto no_memory;
	}
	return 0;
no_memory:
	return report_trouble(report, "out of memory for host names");
}

void
resolve_helo(char helo[SETTINGS_HOST_SIZE], struct cdbfile *previous)
{
	unsigned char key[] = {RECORD_KEY_SETTINGS}, value[RECORD_SIZE_MAX];
	struct settings settings;
	char name[DOMAIN_SIZE];
	size_t len;

	host_full_name(helo);
	if (domain_normalise(name, helo, strlen(helo)) != NULL)
		strcpy(helo, "localhost");
	if (strchr(helo, '.') != NULL || previous == NULL)
		return;
	len = strlen(helo);
	if (cdbfile_find(previous, key, sizeof(key), value, sizeof(value), &len) == 1 &&
	    len > 1 && value[0] == RECORD_VERSION &&
	    settings_parse(&settings, value + 1, len - 1) == len - 1 &&
	    strncmp(settings.helo, helo, strlen(helo)) == 0 &&
	    settings.helo[strlen(helo)] == '.')
		strcpy(helo, settings.helo);
}
