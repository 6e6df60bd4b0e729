/*
 * rcptserve: the verdicts of rcptcheck over the line protocols of other mail servers; see
 * rcptserve(8).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/line.h"
#include "cgp.h"
#include "cvm.h"
#include "home.h"
#include "opensmtpd.h"
#include "policy.h"
#include "rcpt/cacheadmin.h"
#include "rcpt/cacheforget.h"
#include "rcpt/checker.h"
#include "rcpt/verdict.h"
#include "relay/relayfind.h"
#include "relayask.h"
#include "relaypolicy.h"
#include "serve.h"
#include "servelog.h"
#include "socketmap.h"

#define FORGET_WAIT 5000 /* ms for locks on the cache, at the start */
#define RELAY_WAIT  200  /* ms for a lock on relay.db, if relay.cdb is not to be had */
#define HOURS_MAX   (100L * 366 * 24)

static const char usage_text[] =
    "usage: rcptserve policy|socketmap|relay|cvm|opensmtpd [-v]\n"
    "       rcptserve cgp [-huvr] [-e hours] [-n hours] [-k keyword]\n";

static const char help_text[] =
    "  -h, --help            this text\n"
    "  -u, --uncache         forget all addresses of the cache at the start\n"
    "  -v, --verbose         log each question, and what is said to the servers\n"
    "  -e, --expire HOURS    how long a known address is remembered\n"
    "  -n, --nexpire HOURS   how long an unknown one is\n"
    "  -k, --keyword WORD    what an accepted address is answered with, for ROUTED\n"
    "  -r, --require-type    take no question about mail that is not marked [MAIL]\n";

static const struct protocol *const protocols[] = {&cgp_protocol, &policy_protocol,
    &socketmap_protocol, &relaypolicy_protocol, &cvm_protocol, &opensmtpd_protocol};

struct options {
	const struct protocol *protocol;
	int verbose;
	bool uncache;
	uint32_t expire, nexpire; /* seconds; 0: as the settings say */
};

static struct serve serve;
static struct checker checker;
static bool to_server; /* the log: as lines of information between the answers */

/* To who started us by hand; under a mail server, where that is not the server itself. */
static _Noreturn void
usage(void)
{
	struct line line;

	if (!descriptors_stderr_is_protocol()) {
		fputs(usage_text, stderr);
	} else if (servelog_open("rcptserve", false) != -1) {
		line_start(&line);
		line_add(&line, "rcptserve: wrong arguments: see rcptserve(8)");
		servelog_line(&line);
	}
	exit(EXIT_TEMPFAIL);
}

static void
log_line(struct serve *context, const struct line *line)
{
	struct line info;

	if (!to_server) {
		servelog_line(line);
		return;
	}
	line_start(&info);
	line_add(&info, "* ");
	line_add(&info, line->text);
	info.text[info.len] = '\n'; /* in the place of its NUL */
	serve_inform(context, info.text, info.len + 1);
}

static void
log_text(const char *what, const char *detail)
{
	struct line line;

	line_start(&line);
	line_add(&line, "rcptserve: ");
	line_add(&line, what);
	line_add(&line, ": ");
	line_add_foreign(&line, detail, strlen(detail), 512);
	log_line(&serve, &line);
}

static _Noreturn void
die(const char *what, const char *detail)
{
	to_server = false;
	log_text(what, detail);
	exit(EXIT_TEMPFAIL);
}

static uint32_t
parse_hours(const char *text)
{
	char *end;
	long hours;

	errno = 0;
	hours = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || hours < 1 || hours > HOURS_MAX)
		usage();
	return (uint32_t)hours * 3600;
}

/* A word that can begin an answer. */
static const char *
parse_keyword(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			usage();
	if (len == 0 || len > 32)
		usage();
	return text;
}

static const struct protocol *
find_protocol(const char *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(protocols[i]->name, name) == 0)
			return protocols[i];
	return NULL;
}

static _Noreturn void
help(void)
{
	if (fputs(usage_text, stdout) == EOF || fputs(help_text, stdout) == EOF ||
	    fflush(stdout) == EOF)
		exit(EXIT_TEMPFAIL);
	exit(0);
}

static void
parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
	    {"help", no_argument, NULL, 'h'},
	    {"uncache", no_argument, NULL, 'u'},
	    {"verbose", no_argument, NULL, 'v'},
	    {"expire", required_argument, NULL, 'e'},
	    {"nexpire", required_argument, NULL, 'n'},
	    {"keyword", required_argument, NULL, 'k'},
	    {"require-type", no_argument, NULL, 'r'},
	    {NULL, 0, NULL, 0},
	};
	const struct option *own = options->protocol == &cgp_protocol ? names : names + 7;
	int option;

	opterr = 0;
	while (
	    (option = getopt_long(argc, argv,
		 options->protocol == &cgp_protocol ? "huve:n:k:r" : "v", own, NULL)) != -1) {
		switch (option) {
		case 'h':
			help();
		case 'u':
			options->uncache = true;
			break;
		case 'v':
			options->verbose++;
			break;
		case 'e':
			options->expire = parse_hours(optarg);
			break;
		case 'n':
			options->nexpire = parse_hours(optarg);
			break;
		case 'k':
			cgp_options.keyword = parse_keyword(optarg);
			break;
		case 'r':
			cgp_options.typed = true;
			break;
		default:
			usage();
		}
	}
	if (optind < argc)
		usage();
}

/* By the first word, or, where the mail server can give none, by the name of the program. */
static void
parse_arguments(struct options *options, int argc, char **argv)
{
	static const char cvm_name[] = "rcptcheck-cvm";
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

	memset(options, 0, sizeof(*options));
	if (argc > 0 && strcmp(name != NULL ? name + 1 : argv[0], cvm_name) == 0) {
		options->protocol = &cvm_protocol;
		return;
	}
	if (argc < 2)
		usage();
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		help();
	options->protocol = find_protocol(argv[1]);
	if (options->protocol == NULL)
		usage();
	parse_options(options, argc - 1, argv + 1);
	/* The one switch of the program that this replaces logged both. */
	if (options->protocol == &cgp_protocol && options->verbose > 0)
		options->verbose = 2;
}

/* RCPTCHECK_LOG wins over the setting; -1: there is none. */
static int
log_level(const struct options *options)
{
	static const char *const levels[] = {"trouble", "reject", "all"};
	const char *wish = getenv("RCPTCHECK_LOG");

	if (options->verbose > 0)
		return LOG_LEVEL_ALL;
	for (size_t i = 0; wish != NULL && i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(wish, levels[i]) == 0)
			return (int)i;
	return -1;
}

/* What the program before us says of the client, where there is one for each. */
static void
set_session(const struct options *options)
{
	static struct question from; /* for the sizes of its fields */
	const char *client = getenv("TCPREMOTEIP"), *ip = getenv("TCPLOCALIP");
	const char *port = getenv("TCPLOCALPORT");

	serve.client = from.client;
	serve.self = from.self;
	if (options->protocol != &cvm_protocol)
		return;
	if (client != NULL)
		question_copy(from.client, sizeof(from.client), client, strlen(client));
	if (ip != NULL && port != NULL)
		question_set_self(&from, ip, strlen(ip), port, strlen(port));
	serve.queue.relay = getenv("RELAYCLIENT") != NULL;
}

/* For the questions about clients, not recipients. */
static bool
may_relay(const char *address)
{
	struct relayfind_trouble trouble;
	enum relayfind found =
	    relayfind(home_path(), address, time(NULL), RELAY_WAIT, &trouble);

	if (trouble.text[0] != '\0')
		log_text("relay", trouble.text);
	return found == RELAYFIND_YES;
}

static void
forget(void)
{
	const char *trouble;
	int64_t removed;

	if (checker_use_cache(&checker, FORGET_WAIT, &trouble)) {
		if (cacheadmin_start(&checker.cache) == 0 &&
		    cacheforget_domain(&checker.cache, NULL, &removed) == 0)
			return;
		trouble = cache_reason(&checker.cache);
	}
	log_text("the cache could not be emptied", trouble);
}

int
main(int argc, char **argv)
{
	struct options options;
	enum verdict result;

	parse_arguments(&options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* of the cache: new answers are not remembered then */
	to_server = options.protocol == &cgp_protocol && options.verbose > 0;
	if (servelog_open("rcptserve", options.protocol == &cgp_protocol) == -1)
		exit(EXIT_TEMPFAIL);
	if (checker_open(&checker, home_path()) == -1)
		die("the path of the home directory is too long", home_path());
	checker.can_defer = true;
	checker.positive_expire = options.expire;
	checker.negative_expire = options.nexpire;
	serve.protocol = options.protocol;
	serve.log = log_line;
	serve.level = log_level(&options);
	set_session(&options);
	relayask_look = may_relay;
	if (serve_start(&serve, &checker, options.verbose > 1) == -1)
		die("memory", strerror(errno));
	if (options.uncache)
		forget();
	result = serve_run(&serve);
	exit(verdict_exit_code(result));
}
