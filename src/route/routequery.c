/*
 * routequery: the route of a user, for people, scripts and monitoring.
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends.h"
#include "base/deadline.h"
#include "base/descriptors.h"
#include "capask.h"
#include "common.h"
#include "ports.h"
#include "query.h"

enum { FOUND = 0, NONE = 100, TROUBLE = 111 }; /* exit codes */

#define ASK_TIME  10000                /* ms, for what a server can do */
#define USER_SIZE (ROUTE_USER_MAX + 2) /* one more than a user can have, and a CR */

static const char usage_text[] = "usage: routequery [-n] [-p imap|pop3] user\n"
				 "       routequery -b [-n] [-p imap|pop3] < users\n"
				 "       routequery -c [-p imap|pop3]\n"
				 "       routequery -d|-u host[:port]\n";

static struct query query;

_Noreturn static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(TROUBLE);
}

_Noreturn static void
trouble(void)
{
	const char *why = map_trouble(&query.map);

	if (why != NULL)
		errx(TROUBLE, "%s", why);
	err(TROUBLE, "%s", query.map.path);
}

static void
print(const struct line *line)
{
	if (printf("%s\n", line->text) < 0)
		err(TROUBLE, "standard output");
}

/* A new file that cannot be used is said, though the old one answers. */
static void
tell_trouble(void)
{
	const char *why = map_trouble(&query.map);

	if (why != NULL)
		warnx("%s", why);
}

static int
show(const char *user)
{
	struct query_found found;
	struct line line;

	switch (query_find(&query, user, strlen(user), &found)) {
	case -1:
		trouble();
	case 0:
		line_start(&line);
		line_add_foreign(&line, user, strlen(user), ROUTE_TEXT_SIZE);
		warnx("no route for %s", line.text);
		return NONE;
	}
	query_pairs(&line, &found);
	print(&line);
	return FOUND;
}

/*
 * One line of standard input, without its end; what is too long for a user is cut, and nobody then.
 * Returns false at the end.
 */
static bool
next_user(char user[USER_SIZE], size_t *len)
{
	int c;

	*len = 0;
	while ((c = getchar()) != EOF && c != '\n')
		if (*len < USER_SIZE)
			user[(*len)++] = (char)c;
	if (*len > 0 && user[*len - 1] == '\r')
		--*len;
	return c != EOF || *len > 0;
}

static int
batch(void)
{
	struct query_found found;
	char user[USER_SIZE];
	struct line line;
	int result = FOUND, one;
	size_t len;

	/* Who asks one by one waits for each answer. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (next_user(user, &len)) {
		if (len == 0)
			continue;
		if ((one = query_find(&query, user, len, &found)) == -1)
			trouble();
		tell_trouble();
		query_fields(&line, user, len, one == 1 ? &found : NULL);
		print(&line);
		if (one == 0)
			result = NONE;
	}
	if (ferror(stdin))
		err(TROUBLE, "standard input");
	return result;
}

static int
ask_all(const char *protocol)
{
	struct common imap = {0}, pop3 = {0};
	struct capability capability;
	struct backends backends = {0};
	int result = FOUND;

	if (backends_load(&backends, &query.map, protocol) == -1)
		trouble();
	for (size_t i = 0; i < backends.count; i++) {
		char text[RECORD_SERVER_TEXT];

		if (capask(&capability, &backends.servers[i], &query.map.settings,
			deadline_now() + ASK_TIME) == 0) {
			common_add(capability.protocol == CAPABILITY_IMAP ? &imap : &pop3,
			    &capability);
			continue;
		}
		record_server_text(text, &backends.servers[i]);
		warnx("%s %s: it does not count", text, capability.why);
		result = TROUBLE;
	}
	if (backends.count == 0) {
		warnx("no server is in the map");
		result = NONE;
	}
	backends_free(&backends);
	common_print(&imap, stdout);
	common_print(&pop3, stdout);
	return result;
}

static void
mark_one(const struct record_server *server, bool down)
{
	if (live_mark(&query.live, server, down) == -1)
		err(TROUBLE, LIVEFILE ": cannot be written");
}

/* Returns how many ports of this address are used. */
static size_t
find_ports(struct ports *ports, const struct record_server *server)
{
	bool no_map = ports_start(ports, &query.map, server) == -1;

	/*
	 * With a port it is marked all the same: Perdition may have it from its own configuration. Who has
	 * no mailboxes has no map, and servers of domains all the same.
	 */
	if (no_map && server->port == 0 &&
	    (errno != ENOENT || access(PORTS_DOMAINS, F_OK) == -1))
		trouble();
	if (ports_add_domains(ports, PORTS_DOMAINS) == -1 && errno != ENOENT)
		warn(PORTS_DOMAINS);
	return ports->count;
}

static int
mark(const char *text, bool down)
{
	struct record_server servers[QUERY_SERVERS_MAX], one;
	struct ports ports;
	const char *why;
	size_t count = query_servers(text, servers, &why), used = 0;

	if (count == 0)
		errx(TROUBLE, "'%s': %s", text, why);
	for (size_t i = 0; i < count; i++) {
		one = servers[i];
		if (find_ports(&ports, &one) == 0 && one.port == 0)
			continue;
		if (one.port != 0) {
			mark_one(&one, down);
			used += ports_has(&ports, one.port);
			continue;
		}
		for (unsigned port = 1; port <= UINT16_MAX; port++) {
			one.port = (uint16_t)port;
			if (ports_has(&ports, one.port))
				mark_one(&one, down);
		}
		used++;
	}
	if (used > 0)
		return FOUND;
	if (servers[0].port != 0) {
		warnx("no route has the server %s; it is marked all the same", text);
		return FOUND;
	}
	warnx("no route has the server %s", text);
	return NONE;
}

static void
go_home(void)
{
	const char *home = getenv("RCPTCHECK_HOME");

	if (home == NULL || *home == '\0')
		home = CONF_HOME;
	if (chdir(home) == -1)
		err(TROUBLE, "%s", home);
}

int
main(int argc, char **argv)
{
	const char *protocol = NULL;
	int option, mode = 0, result, operands;

	for (int fd = 0; fd <= 2; fd++)
		descriptors_plug(fd);
	signal(SIGPIPE, SIG_IGN);
	while ((option = getopt(argc, argv, "bcdunp:")) != -1) {
		switch (option) {
		case 'n':
			query.memory_only = true;
			break;
		case 'p':
			protocol = optarg;
			break;
		case '?':
			usage();
		default:
			if (mode != 0)
				usage();
			mode = option;
		}
	}
	operands = mode == 'b' || mode == 'c' ? 0 : 1;
	if (argc - optind != operands ||
	    (protocol != NULL && strcmp(protocol, "imap") != 0 &&
		strcmp(protocol, "pop3") != 0))
		usage();
	query.protocol = protocol == NULL ? "imap" : protocol;
	go_home();
	if (map_start(&query.map, MAP_FILE) == -1)
		err(TROUBLE, MAP_FILE);
	if (livefile_open(&query.live, LIVEFILE) == -1 && (mode == 'd' || mode == 'u'))
		err(TROUBLE, LIVEFILE);
	switch (mode) {
	case 'b':
		result = batch();
		break;
	case 'c':
		result = ask_all(protocol);
		break;
	case 'd':
	case 'u':
		result = mark(argv[optind], mode == 'd');
		break;
	default:
		result = show(argv[optind]);
	}
	tell_trouble();
	if (fflush(stdout) == EOF)
		err(TROUBLE, "standard output");
	return result == FOUND ? FOUND : result == NONE ? NONE : TROUBLE;
}
