#include "sqlmap.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "loginpattern.h"

#define WAIT 2000 /* ms, for an editor's lock */

/*
 * The rows that could be for this user: ?1 with the domain, ?2 without, ?3 "@domain"; and all that
 * are patterns. Which it is, entry.h decides.
 */
static const char select_rows[] =
    "SELECT rowid, user, server, port, login, secret FROM mailboxes"
    " WHERE user COLLATE NOCASE IN (?1, ?2, ?3, ?1 || '.', ?3 || '.', '\"' || ?2 || '\"', '\"' "
    "|| ?2 || '\"' || ?3)"
    " OR user GLOB '?-?' OR user GLOB '?-?@*' OR user GLOB '*[*]' OR user GLOB '*[*]@*'"
    " ORDER BY [order] IS NULL, [order], rowid";

static const char select_settings[] =
    "SELECT name, value FROM settings WHERE (domain IS NULL OR domain = '')"
    " AND name IN ('route_connect_timeout', 'route_retry', 'route_imap_port',"
    " 'route_pop3_port')";

struct search {
	struct wanted wanted;
	struct route *route;
	struct entry entry; /* the best so far */
	unsigned fits;
};

static const char *
text_of(sqlite3_stmt *stmt, int column, size_t *len)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	*len = text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, column);
	if (text != NULL && memchr(text, '\0', *len) == NULL)
		return text;
	*len = 0;
	return "";
}

/* Only what can be handed on; the empty text where it is not. */
static void
take_text(char out[ROUTE_TEXT_SIZE], sqlite3_stmt *stmt, int column)
{
	size_t len;
	const char *text = text_of(stmt, column, &len);

	if (out[0] != '\0' || len >= ROUTE_TEXT_SIZE)
		return;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return;
	strcpy(out, text);
}

static bool
take_host(struct route_server *server, sqlite3_stmt *stmt)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.:";
	size_t len;
	const char *text = text_of(stmt, 2, &len);
	int64_t port = sqlite3_column_int64(stmt, 3);

	memset(server, 0, sizeof(*server));
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(server->host) || strspn(text, signs) < len || port < 0 ||
	    port > 65535)
		return false;
	memcpy(server->host, text, len);
	server->address.port = (uint16_t)port;
	if (inet_pton(AF_INET, server->host, server->address.address) == 1)
		server->address.family = 4;
	else if (inet_pton(AF_INET6, server->host, server->address.address) == 1)
		server->address.family = 6;
	else if (strchr(server->host, ':') != NULL)
		return false; /* Perdition would take it for an address, and crash */
	snprintf(server->source, sizeof(server->source), "mailboxes:%lld",
	    (long long)sqlite3_column_int64(stmt, 0));
	return true;
}

/* As rcptbuild has it: nobody's login is that of many. */
static bool
is_login_good(sqlite3_stmt *stmt, const struct entry *entry)
{
	char login[ROUTE_TEXT_SIZE] = "";
	bool various;

	take_text(login, stmt, 4);
	return loginpattern_good(login, &various) && (various || entry->match < ROUTE_RANGE);
}

static void
take_row(struct search *search, sqlite3_stmt *stmt)
{
	struct route *route = search->route;
	struct route_server server;
	struct entry entry;
	size_t len;
	const char *text = text_of(stmt, 1, &len);
	unsigned fits;

	if (entry_parse(&entry, text, len) != NULL || !take_host(&server, stmt) ||
	    !is_login_good(stmt, &entry))
		return;
	fits = entry_fits(&entry, &search->wanted);
	if (fits == 0 || fits < search->fits)
		return;
	if (fits > search->fits) {
		memset(route, 0, offsetof(struct route, servers));
		route->match = entry.match;
		memcpy(route->entry, text, len + 1);
		search->fits = fits;
		search->entry = entry;
	} else if (memcmp(&entry, &search->entry, sizeof(entry)) != 0) {
		return;
	}
	take_text(route->login, stmt, 4);
	take_text(route->secret, stmt, 5);
	if (route->count < ROUTE_SERVERS_MAX)
		route->servers[route->count++] = server;
}

static int
bind_wanted(sqlite3_stmt *stmt, const struct wanted *wanted)
{
	bool domain = wanted->domain != NULL;
	int local = (int)wanted->local_len;

	return sqlite3_bind_text(stmt, 1, wanted->folded, -1, SQLITE_STATIC) == SQLITE_OK &&
		sqlite3_bind_text(stmt, 2, wanted->folded, local, SQLITE_STATIC) == SQLITE_OK &&
		sqlite3_bind_text(
		    stmt, 3, domain ? wanted->domain - 1 : "", -1, SQLITE_STATIC) == SQLITE_OK
	    ? 0
	    : -1;
}

static int
find(sqlite3 *db, struct search *search)
{
	sqlite3_stmt *stmt;
	int rc = SQLITE_ERROR;

	if (sqlite3_prepare_v2(db, select_rows, -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	if (bind_wanted(stmt, &search->wanted) == 0)
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
			take_row(search, stmt);
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* Without them the defaults hold. */
static void
read_settings(sqlite3 *db, struct routesettings *settings)
{
	sqlite3_stmt *stmt;
	size_t len;

	routesettings_default(settings);
	if (sqlite3_prepare_v2(db, select_settings, -1, &stmt, NULL) != SQLITE_OK)
		return;
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = text_of(stmt, 0, &len), *value = text_of(stmt, 1, &len);

		routesettings_set(settings, name, value);
	}
	sqlite3_finalize(stmt);
}

static sqlite3 *
open_database(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return db;
	sqlite3_busy_timeout(db, WAIT);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return db;
}

int
sqlmap_find(const char *path, const char *user, size_t len, struct route *route,
    struct routesettings *settings, struct line *trouble)
{
	struct search search = {.route = route};
	sqlite3 *db;
	int result = -1;

	if (!wanted_parse(&search.wanted, user, len))
		return 0;
	db = open_database(path);
	if (db != NULL && sqlite3_errcode(db) == SQLITE_OK && find(db, &search) == 0) {
		read_settings(db, settings);
		result = search.fits > 0;
	} else {
		line_start(trouble);
		line_add_foreign(trouble, path, strlen(path), 400);
		line_add(trouble, ": ");
		line_add(trouble, db == NULL ? "out of memory" : sqlite3_errmsg(db));
	}
	sqlite3_close(db);
	if (result != 1)
		return result;
	route->qualified = search.wanted.domain != NULL;
	if (loginpattern_expand(route, user, search.wanted.len) == -1)
		return 0;
	route->translated = route->translated || search.wanted.len != len;
	return 1;
}

static void
resolve(struct route_server *server)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all;

	if (getaddrinfo(server->host, NULL, &hints, &all) != 0)
		return;
	if (all->ai_family == AF_INET) {
		server->address.family = 4;
		memcpy(server->address.address,
		    &((const struct sockaddr_in *)(const void *)all->ai_addr)->sin_addr, 4);
	} else if (all->ai_family == AF_INET6) {
		server->address.family = 6;
		memcpy(server->address.address,
		    &((const struct sockaddr_in6 *)(const void *)all->ai_addr)->sin6_addr, 16);
	}
	freeaddrinfo(all);
}

void
sqlmap_resolve(struct route *route)
{
	for (size_t i = 0; i < route->count; i++)
		if (route->servers[i].address.family == 0)
			resolve(&route->servers[i]);
}
