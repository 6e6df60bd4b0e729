/*
 * proxyread: reads the header in which a proxy names its client, and runs a program that takes the
 * client for its peer.
 *
 *	tcpserver ... proxyread -t networks [-f file] [-U users] [-ku] [-e name] [-w seconds] program ...
 *
 * See proxyread(8).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/descriptors.h"
#include "base/line.h"
#include "proxyinput.h"
#include "proxypeers.h"

#define DONE       0
#define TEMPFAIL   111
#define WAIT       5 /* seconds for the header */
#define WAIT_MAX   60
#define HANG_UP    200 /* ms for a health check to hang up */
#define LOG_WAIT   500 /* ms for room in a log's pipe */
#define NAMES_MAX  32
#define NUMBER_LEN 8

static const char usage_text[] =
    "usage: proxyread [-ku] [-t networks] [-f file] [-U users] [-e name] [-w seconds] program "
    "[argument ...]";

/* What a rule for the proxy's own address (tcprules) may have said, and must not say of clients. */
static const char *const rules[] = {"RELAYCLIENT", "RBLSMTPD"};

/* What tcpserver found out about the proxy, and nobody knows about the client. */
static const char *const of_the_peer[] = {"TCPREMOTEHOST", "TCPREMOTEINFO", "TCPLOCALHOST",
    "TCP6REMOTEIP", "TCP6REMOTEPORT", "TCP6REMOTEHOST", "TCP6REMOTEINFO", "TCP6LOCALIP",
    "TCP6LOCALPORT", "TCP6LOCALHOST", "TCP6INTERFACE"};

struct options {
	struct proxypeers peers;
	bool keep, serve_unknown;
	int64_t wait; /* ms */
	size_t name_count;
	const char *names[NAMES_MAX]; /* to be unset besides */
};

static struct line peer_text; /* who it is, for the log */

/* A log that nobody drains costs the line, not the session. */
static void
log_line(const char *key, const char *value, const char *reason)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct line line;

	line_start(&line);
	line_add(&line, "proxyread:");
	if (peer_text.len > 0)
		line_pair(&line, "peer", peer_text.text);
	line_pair(&line, key, value);
	if (reason != NULL)
		line_pair(&line, "reason", reason);
	signal(SIGPIPE, SIG_IGN);
	if (poll(&pollfd, 1, LOG_WAIT) == 1)
		(void)line_write(&line, STDERR_FILENO);
}

static _Noreturn void
die(const char *what, const char *reason)
{
	log_line("trouble", what, reason);
	_exit(TEMPFAIL);
}

static void
check(const char *name, const char *reason)
{
	if (reason != NULL)
		die(name, reason);
}

static void
parse_wait(struct options *options, const char *text)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || seconds == 0 || seconds > WAIT_MAX)
		die(usage_text, "-w takes 1 to 60");
	options->wait = (int64_t)seconds * 1000;
}

static void
parse_options(struct options *options, int argc, char **argv)
{
	int option;

	opterr = 0;
	options->wait = (int64_t)WAIT * 1000;
	while ((option = getopt(argc, argv, "+e:f:kt:uU:w:")) != -1) {
		switch (option) {
		case 'e':
			if (options->name_count == NAMES_MAX)
				die(usage_text, "-e more than 32 times");
			options->names[options->name_count++] = optarg;
			break;
		case 'f':
			check(optarg, proxypeers_add_file(&options->peers, optarg));
			break;
		case 'k':
			options->keep = true;
			break;
		case 't':
			check(optarg, proxypeers_add(&options->peers, optarg));
			break;
		case 'u':
			options->serve_unknown = true;
			break;
		case 'U':
			check(optarg, proxypeers_add_users(&options->peers, optarg));
			break;
		case 'w':
			parse_wait(options, optarg);
			break;
		default:
			die(usage_text, NULL);
		}
	}
	if (optind == argc)
		die(usage_text, NULL);
	if (options->peers.network_count == 0 && options->peers.user_count == 0)
		die(usage_text, "nobody is trusted: -t, -f or -U is needed");
}

/* A socket tells itself who is there; for a pipe, as behind recordio, the environment does. */
static bool
is_trusted(const struct proxypeers *peers)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage storage;
	} peer;
	char text[INET6_ADDRSTRLEN] = "";
	socklen_t len = sizeof(peer);
	struct ucred user;
	const char *address = text, *protocol = getenv("PROTO");

	if (getpeername(STDIN_FILENO, &peer.any, &len) == -1) {
		if (errno == ENOTCONN)
			_exit(DONE); /* a probe that has reset its connection already */
		if (errno != ENOTSOCK || protocol == NULL || strncmp(protocol, "TCP", 3) != 0 ||
		    (address = getenv("TCPREMOTEIP")) == NULL)
			return false;
	} else if (peer.any.sa_family == AF_UNIX) {
		len = sizeof(user);
		if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &user, &len) == -1)
			return false;
		line_add(&peer_text, "uid ");
		line_add_number(&peer_text, user.uid);
		return proxypeers_trusts_user(peers, user.uid);
	} else if (peer.any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &peer.in.sin_addr, text, sizeof(text));
	} else if (peer.any.sa_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &peer.in6.sin6_addr, text, sizeof(text));
	}
	line_add_foreign(&peer_text, address, strlen(address), INET6_ADDRSTRLEN);
	return proxypeers_trusts(peers, address);
}

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1) == -1)
		die("no memory for the environment", NULL);
}

static void
set_both(const char *name, const char *name6, const char *value, bool is_ipv6)
{
	set(name, value);
	if (is_ipv6)
		set(name6, value);
}

/* Of one of whom no address is known: a login of his must not let the proxy's address relay. */
static void
unset_client(void)
{
	(void)unsetenv("TCPREMOTEIP");
	(void)unsetenv("TCPREMOTEPORT");
	for (size_t i = 0; i < sizeof(of_the_peer) / sizeof(of_the_peer[0]); i++)
		(void)unsetenv(of_the_peer[i]);
}

/* The names that tcpserver uses, with those of its IPv6 patch where the client has that. */
static void
set_client(const struct proxyheader *header, bool is_ipv6)
{
	char port[NUMBER_LEN];

	for (size_t i = 0; i < sizeof(of_the_peer) / sizeof(of_the_peer[0]); i++)
		(void)unsetenv(of_the_peer[i]);
	set("PROTO", is_ipv6 ? "TCP6" : "TCP");
	set_both("TCPREMOTEIP", "TCP6REMOTEIP", header->source, is_ipv6);
	set_both("TCPLOCALIP", "TCP6LOCALIP", header->destination, is_ipv6);
	snprintf(port, sizeof(port), "%u", (unsigned)header->source_port);
	set_both("TCPREMOTEPORT", "TCP6REMOTEPORT", port, is_ipv6);
	snprintf(port, sizeof(port), "%u", (unsigned)header->destination_port);
	set_both("TCPLOCALPORT", "TCP6LOCALPORT", port, is_ipv6);
}

static void
unset_rules(const struct options *options)
{
	for (size_t i = 0; !options->keep && i < sizeof(rules) / sizeof(rules[0]); i++)
		(void)unsetenv(rules[i]);
	for (size_t i = 0; i < options->name_count; i++)
		(void)unsetenv(options->names[i]);
}

/* Returns when the program is to be run. */
static void
take_header(const struct options *options)
{
	struct proxyheader header;
	enum proxyheader_kind kind;

	switch (proxyinput_read(STDIN_FILENO, deadline_now() + options->wait, &header, &kind)) {
	case PROXYINPUT_GONE:
		_exit(DONE);
	case PROXYINPUT_CUT:
		die("bad header", "the peer hung up in the middle");
	case PROXYINPUT_LATE:
		die("no header in time", NULL);
	case PROXYINPUT_BAD:
		die("bad header", header.reason);
	case PROXYINPUT_TROUBLE:
		die("no header", strerror(errno));
	case PROXYINPUT_HEADER:
		break;
	}
	if (kind == PROXYHEADER_TCP4 || kind == PROXYHEADER_TCP6)
		set_client(&header, kind == PROXYHEADER_TCP6);
	else if (proxyinput_hangs_up(STDIN_FILENO, deadline_now() + HANG_UP))
		_exit(DONE); /* it wanted to know no more than that we are here */
	else if (kind == PROXYHEADER_UNKNOWN && !options->serve_unknown)
		die("the proxy does not know its client", "UNKNOWN; -u would serve it");
	else if (!options->serve_unknown)
		unset_client(); /* a check that wants to hear the program */
	unset_rules(options);
}

int
main(int argc, char **argv)
{
	static struct options options;
	char **program;

	line_start(&peer_text);
	if (descriptors_plug(STDIN_FILENO) == -1 || descriptors_plug(STDOUT_FILENO) == -1 ||
	    descriptors_plug(STDERR_FILENO) == -1)
		_exit(TEMPFAIL);
	parse_options(&options, argc, argv);
	if (!is_trusted(&options.peers))
		die("the peer is not trusted", NULL);
	take_header(&options);
	program = argv + optind;
	execvp(program[0], program);
	die(program[0], strerror(errno));
}
