/*
 * libperditiondb_rcptcheck.so.0: the map library of Perdition 2 (perdition -M), which looks a user
 * up in routes.cdb or in rcptcheck.db, whichever -m names.
 *
 * The names, arguments and results are Perdition's (perdition/getserver.c): it calls dbserver_init
 * once, forks for each connection, and the child calls dbserver_get. So nothing is open between two
 * calls, and nothing is written to a descriptor that we did not open: 0 to 2 may be the client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/syslogger.h"
#include "live.h"
#include "map.h"
#include "sqlmap.h"

#define EXPORTED __attribute__((visibility("default")))
#define NAME     "perditiondb_rcptcheck"

/* What Perdition takes: it falls back to its default server (-s) with all but FOUND. */
enum { FOUND = 0, NO_ACCESS = -1, NOT_FOUND = -2, OTHER = -3 };

/*
 * int *len in Perdition's own comments is wrong: its caller passes a size_t. All that is returned is
 * freed by Perdition.
 */
int dbserver_init(char *option);
int dbserver_fini(void);
int dbserver_get(const char *key, const char *option, char **value, size_t *len);
int dbserver_get2(const char *key, const char *option, char **user, char **server, char **port);

/* -m: path[:port][,names] */
struct options {
	char path[PATH_MAX], live[PATH_MAX];
	uint16_t port; /* of servers that have none; 0: by the protocol */
	bool names;    /* host names are given as they are, not their addresses */
};

struct answer {
	bool has_user;
	char user[ROUTE_TEXT_SIZE];
	char server[ROUTE_TEXT_SIZE];
	char name[ROUTE_TEXT_SIZE]; /* the host as in the map */
	char port[8];               /* "" = Perdition's own */
	bool is_ipv6;
};

/* "imap", "pop3" or "": Perdition's name says it, until it writes over it as its title. */
static char protocol[8];

static void
complain(const char *text)
{
	syslogger_open(NAME);
	syslogger_write(text);
	syslogger_close();
}

/* Where servers that do not answer are remembered: beside the folder data. */
static void
set_live(struct options *options)
{
	static const char data[] = "/data";
	char folder[PATH_MAX];
	char *slash;
	size_t len;

	options->live[0] = '\0';
	strcpy(folder, options->path);
	if ((slash = strrchr(folder, '/')) == NULL)
		return;
	*slash = '\0';
	len = strlen(folder);
	if (len < sizeof(data) || strcmp(folder + len - (sizeof(data) - 1), data) != 0)
		return;
	folder[len - (sizeof(data) - 1)] = '\0';
	if (strlen(folder) + sizeof("/" LIVEFILE) <= sizeof(options->live))
		sprintf(options->live, "%s/" LIVEFILE, folder);
}

/* Takes ":port" off the end of the path. Returns false when it is none. */
static bool
split_port(struct options *options)
{
	char *colon = strrchr(options->path, ':'), *end;
	unsigned long port;

	if (colon == NULL || colon[1] == '\0' ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		return true; /* it is part of the name */
	port = strtoul(colon + 1, &end, 10);
	*colon = '\0';
	options->port = (uint16_t)port;
	return port >= 1 && port <= 65535;
}

static bool
parse_options(struct options *options, const char *text)
{
	static const char names[] = ",names";
	const char *home = getenv("RCPTCHECK_HOME");
	size_t len;

	memset(options, 0, sizeof(*options));
	if (text == NULL)
		text = "";
	len = strlen(text);
	if (len >= sizeof(options->path))
		return false;
	strcpy(options->path, text);
	if (len >= sizeof(names) - 1 && strcmp(text + len - (sizeof(names) - 1), names) == 0) {
		options->names = true;
		options->path[len - (sizeof(names) - 1)] = '\0';
	}
	if (!split_port(options))
		return false;
	if (options->path[0] == '\0' &&
	    snprintf(options->path, sizeof(options->path), "%s/" MAP_FILE,
		home == NULL || *home == '\0' ? CONF_HOME : home) >= (int)sizeof(options->path))
		return false;
	set_live(options);
	return true;
}

static bool
is_database(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool is = fd != -1 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
	    memcmp(head, magic, sizeof(magic)) == 0;

	if (fd != -1)
		close(fd);
	return is;
}

/* Returns 1, 0, or -1 with errno; why is logged. */
static int
find_in_map(const struct options *options, const char *key, struct route *route,
    struct routesettings *settings)
{
	const char *why;
	struct map map;
	int found = -1, error;

	if (map_start(&map, options->path) == 0)
		found = map_find(&map, key, strlen(key), route);
	error = errno;
	if ((why = map_trouble(&map)) != NULL)
		complain(why);
	else if (found == -1)
		complain("the map is damaged: run rcptbuild -f");
	*settings = map.settings;
	map_close(&map);
	errno = error;
	return found;
}

static int
find_in_database(const struct options *options, const char *key, struct route *route,
    struct routesettings *settings)
{
	struct line trouble;
	int found = sqlmap_find(options->path, key, strlen(key), route, settings, &trouble);

	if (found == -1)
		complain(trouble.text);
	else if (found == 1 && route->count > 1)
		sqlmap_resolve(route);
	return found;
}

static uint16_t
default_port(const struct options *options, const struct routesettings *settings)
{
	if (options->port != 0)
		return options->port;
	if (strcmp(protocol, "imap") == 0)
		return settings->imap_port;
	return strcmp(protocol, "pop3") == 0 ? settings->pop3_port : 0;
}

static void
choose(const struct options *options, const struct route *route,
    const struct routesettings *settings, struct answer *answer)
{
	int64_t deadline = deadline_now() + 3 * 1000 * (int64_t)settings->timeout;
	const struct route_server *server;
	struct livefile live = {.fd = -1};
	bool lives;

	if (options->live[0] != '\0')
		(void)livefile_open(&live, options->live);
	server = &route->servers[live_choose(&live, route, settings, deadline, &lives)];
	livefile_close(&live);
	memset(answer, 0, sizeof(*answer));
	answer->has_user = route->translated;
	strcpy(answer->user, route->login);
	strcpy(answer->name, server->host);
	strcpy(answer->server, server->host);
	if (!options->names && server->address.family != 0)
		(void)inet_ntop(server->address.family == 4 ? AF_INET : AF_INET6,
		    server->address.address, answer->server, sizeof(answer->server));
	answer->is_ipv6 = strchr(answer->server, ':') != NULL;
	if (server->address.port != 0)
		snprintf(answer->port, sizeof(answer->port), "%u", server->address.port);
}

static int
look_up(const char *key, const char *option, struct answer *answer)
{
	struct routesettings settings;
	struct options options;
	struct route route;
	int found;

	if (key == NULL || !parse_options(&options, option))
		return OTHER;
	found = is_database(options.path) ? find_in_database(&options, key, &route, &settings)
					  : find_in_map(&options, key, &route, &settings);
	if (found != 1)
		return found == 0 ? NOT_FOUND : NO_ACCESS;
	route_set_port(&route, default_port(&options, &settings));
	choose(&options, &route, &settings, answer);
	return FOUND;
}

EXPORTED int
dbserver_init(char *option)
{
	const char *name = program_invocation_short_name;
	struct options options;
	size_t len = strlen(name);

	protocol[0] = '\0';
	/* perdition.imaps and such may speak TLS to the servers, at another port. */
	if (len > 0 && name[len - 1] != 's') {
		if (strstr(name, "imap") != NULL)
			strcpy(protocol, "imap");
		else if (strstr(name, "pop3") != NULL)
			strcpy(protocol, "pop3");
	}
	if (parse_options(&options, option))
		return 0;
	complain("map_library_opt: must be path[:port][,names]");
	return OTHER;
}

EXPORTED int
dbserver_fini(void)
{
	return 0;
}

/* "[user@]server[:port]" */
EXPORTED int
dbserver_get(const char *key, const char *option, char **value, size_t *len)
{
	struct answer answer;
	const char *server, *open = "", *close_ = "";
	int result = look_up(key, option, &answer), made;

	*value = NULL;
	*len = 0;
	if (result != FOUND)
		return result;
	server = answer.server;
	if (answer.is_ipv6 && strchr(answer.name, ':') == NULL) {
		server =
		    answer.name; /* Perdition 2.2 crashes when it can't connect to a literal */
	} else if (answer.is_ipv6) {
		open = "[";
		close_ = "]";
	}
	made = asprintf(value, "%s%s%s%s%s%s%s", answer.has_user ? answer.user : "",
	    answer.has_user ? "@" : "", open, server, close_, answer.port[0] == '\0' ? "" : ":",
	    answer.port);
	if (made == -1) {
		*value = NULL;
		return OTHER;
	}
	*len = (size_t)made;
	return FOUND;
}

EXPORTED int
dbserver_get2(const char *key, const char *option, char **user, char **server, char **port)
{
	struct answer answer;
	int result = look_up(key, option, &answer);

	*user = *server = *port = NULL;
	if (result != FOUND)
		return result;
	*user = answer.has_user ? strdup(answer.user) : NULL;
	*server = strdup(answer.server);
	*port = answer.port[0] == '\0' ? NULL : strdup(answer.port);
	if (*server != NULL && (*user != NULL) == answer.has_user &&
	    (*port != NULL) == (answer.port[0] != '\0'))
		return FOUND;
	free(*user);
	free(*server);
	free(*port);
	*user = *server = *port = NULL;
	return OTHER;
}
