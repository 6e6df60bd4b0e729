/*
 * All that rcptcheck.db says, in memory: small arrays that refer to each other by number, so
 * that a million domains fit into less than 100 MB.
 */
#ifndef DOOR_SOURCE_H
#define DOOR_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/record.h"
#include "base/settings.h"
#include "host.h"
#include "intern.h"

#define SOURCE_FOR_ALL                                                                         \
	0 /* the number of the name "", under which settings for all domains are */
#define SOURCE_PORT       25
#define SOURCE_WAITING    16
#define SOURCE_ORDER_LAST INT64_MAX /* what NULL means */

enum source_name_flags {
	NAME_LOCAL = 1,      /* is in local_domains, or another list has it */
	NAME_ACCEPT_ALL = 2, /* always_accept has @name */
	NAME_LISTED = 4,     /* always_accept has addresses of it */
	NAME_IS_TARGET = 8,  /* an alias points to it */
	NAME_RECIPIENT = 16, /* domain_is_recipient */
	NAME_XN = 32,        /* may have a U-label */
	NAME_HAS_USERS = 64, /* a list has users of it, and the next two: users.c finds that */
	NAME_CATCH_ALL = 128,
	NAME_PREFIXES = 256,
	NAME_ODD = 512, /* a list has something of it that could not be read */
};

/* What is known of a main name or domain. The lists are linked, the last row first. */
struct source_name {
	uint32_t row;     /* its last row of domain_ips, or INTERN_NONE */
	uint32_t alias;   /* its row of domain_aliases, or INTERN_NONE */
	uint32_t setting; /* its last row of settings, or INTERN_NONE */
	uint32_t flags;
};

/* Rows of domain_ips differ little: what they say of a server is kept once. */
struct source_server {
	uint32_t host;
	uint32_t port;
	int64_t order;
};

struct source_row {
	int64_t rowid;
	uint32_t server;
	uint32_t next;
};

struct source_alias {
	int64_t rowid;
	uint32_t target; /* a name */
};

struct source_setting {
	int64_t rowid;
	uint32_t name, value; /* texts */
	uint32_t next;
};

struct source_accept {
	int64_t rowid;
	uint32_t domain;  /* a name */
	uint32_t address; /* with "@" and the domain as A-label; INTERN_NONE for "@domain" */
};

/* The ip of a row as it was written, and what it is. */
struct source_host {
	struct record_server address; /* family 0: a host name, or refused */
	uint32_t name;                /* its number in host_names, or INTERN_NONE */
	const char *refused;          /* why it is neither, or NULL */
};

/* A host name to resolve, and its addresses in order; one more than a record can have is too
 * many. */
struct source_addresses {
	struct record_server *servers;
	size_t count;
	bool asked; /* in this run, successfully or not */
};

struct source_waiting {
	int64_t rowid;
	uint64_t hash;
	struct source_server server;
	char domain[DOMAIN_SIZE];
};

struct source {
	struct intern names; /* and for each of them: */
	struct source_name *of_name;
	size_t of_name_room;

	struct source_row *rows;
	size_t row_count, row_room;
	struct source_waiting waiting[SOURCE_WAITING]; /* a ring */
	size_t waiting_first, waiting_count;
	struct source_alias *aliases;
	size_t alias_count, alias_room;
	struct source_setting *settings;
	size_t setting_count, setting_room;
	struct source_accept *accepts;
	size_t accept_count, accept_room;

	struct intern servers; /* the bytes of struct source_server */
	struct intern hosts;   /* as written; and for each of them: */
	struct source_host *of_host;
	size_t of_host_room;
	const char *hosts_table;  /* what has these hosts; NULL: domain_ips */
	struct intern host_names; /* and for each of them: */
	struct source_addresses *of_host_name;
	size_t of_host_name_room;
	struct intern texts;     /* of settings */
	struct intern addresses; /* of always_accept */

	struct settings global;
	uint64_t digest; /* of all rows read */

	struct source_gathered *gathered; /* scratch of sourceservers_of_name */
	size_t gathered_room;
};

/* Returns 0, or -1 with errno ENOMEM; so do all that return int here unless they say more. */
int source_start(struct source *source);
void source_free(struct source *source);

/* The number of a normalised name; INTERN_NONE for want of memory. */
uint32_t source_name(struct source *source, const char *name);

/* The number of a host by what is written in ip; INTERN_NONE for want of memory. */
uint32_t source_host(struct source *source, const char *bytes, size_t len);

/*
 * Rows of domain_ips wait for a few others to come before they are taken in (SOURCE_WAITING),
 * so that memory is fetched for many at once; source_settle takes the last ones in. This
 * halved the time of a million rows.
 */
int source_add_row(struct source *source, int64_t rowid, const char *domain,
    const struct source_server *server);
int source_settle(struct source *source);

/* Returns 1 when the alias has another target already. The same row again is fine. */
int source_add_alias(struct source *source, int64_t rowid, uint32_t name, uint32_t target);

/* Returns 1 when the setting has another value already. The same row again is fine. */
int source_add_setting(struct source *source, int64_t rowid, uint32_t name, const char *setting,
    const char *value);

/*
 * A local domain. Returns NULL, or why this is none: a constant text; *failed is set for want of
 * memory.
 */
const char *source_add_local(
    struct source *source, const char *domain, size_t len, bool *failed);

/* The value of a setting for all domains as it was written, or NULL. */
const char *source_setting(const struct source *source, const char *setting);

/* local is empty for all addresses of the domain. */
int source_add_accept(
    struct source *source, int64_t rowid, uint32_t domain, const char *local, size_t len);

/* What a row says of a server, by its number. */
struct source_server source_server(const struct source *source, uint32_t number);

/* Is it a domain (not just a main name), or an alias, for which records are written? */
bool source_is_domain(const struct source *source, uint32_t name);
bool source_is_alias(const struct source *source, uint32_t name);

/* Do lists of users count for it: is it local, or an alias of one that is? */
bool source_is_listed(const struct source *source, uint32_t name);

/* Puts a name's own settings on top of those given. */
void source_apply_settings(
    const struct source *source, uint32_t name, struct settings *settings);

#endif
