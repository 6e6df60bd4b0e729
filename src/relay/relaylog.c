/*
 * relaylog: sees in the lines of a log who has logged in, and has relayd mark the address.
 *
 *	program 2>&1 | relaylog | multilog t ./main
 *	relaylog fifo
 *	relaylog -t file
 *
 * See relaylog(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/become.h"
#include "base/descriptors.h"
#include "base/homefolder.h"
#include "base/line.h"
#include "base/sandbox.h"
#include "base/syslogger.h"
#include "logcopy.h"
#include "loglines.h"

#define DONE      0
#define NONE      100
#define TEMPFAIL  111
#define ROOM      4096 /* marks that may be under way */
#define FILES_MAX 16
#define PATH_SIZE 512
#define USER_MAX  64 /* bytes of a user that -t prints */

static const char usage_text[] =
    "usage: relaylog [-loqv] [-f file] [-p patterns] [-T tag] [fifo]\n"
    "       relaylog -t [-l] [-f file] [-p patterns] [-T tag] [file]\n"
    "       relaylog -c [-f file]\n";

struct options {
	bool answers, quiet, loopback, verbose, test, check;
	const char *tag;
	size_t file_count, list_count;
	const char *files[FILES_MAX], *lists[FILES_MAX];
};

static volatile sig_atomic_t stop;
static bool to_syslog;
static int64_t unwritten; /* lines of our own log */

static bool
has_room(void)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&pollfd, 1, 0) == 1;
}

/* How many lines nobody read. */
static void
write_unwritten(void)
{
	struct line line;

	if (unwritten == 0 || !has_room())
		return;
	line_start(&line);
	line_add(
	    &line, "relaylog: trouble=\"this log was not read: lines are missing\" reason=");
	line_add_number(&line, unwritten);
	(void)line_write(&line, STDERR_FILENO);
	unwritten = 0;
}

/*
 * Never waits: a log that nobody drains costs lines, not marks, and who writes what we read must
 * not wait for it either.
 */
static void
write_line(const struct line *line)
{
	if (to_syslog)
		syslogger_write(line->text + strlen("relaylog: "));
	write_unwritten();
	if (unwritten == 0 && has_room())
		(void)line_write(line, STDERR_FILENO);
	else
		unwritten++;
}

static void
log_pair(const char *key, const char *value, const char *reason)
{
	struct line line;

	line_start(&line);
	line_add(&line, "relaylog:");
	line_pair(&line, key, value);
	if (reason != NULL)
		line_pair(&line, "reason", reason);
	write_line(&line);
}

static void
log_match(const struct match *match, enum match_result result)
{
	struct line line;

	line_start(&line);
	line_add(&line, "relaylog:");
	line_pair_bytes(&line, "address", match->by.ip, match->by.ip_len);
	line_pair_bytes(&line, "user", match->by.user, match->by.user_len);
	line_pair(&line, "source", match->by.name);
	if (result == MATCH_REFUSED || match->refused != NULL)
		line_pair(&line, "ignored", match->refused);
	write_line(&line);
}

/* "FILE:LINE: reason", as editors and people know it. */
static void
log_trouble_at(const char *file, unsigned number, const char *reason)
{
	struct line line;

	line_start(&line);
	line_add(&line, "relaylog: ");
	line_add_foreign(&line, file, strlen(file), PATH_SIZE);
	line_add(&line, ":");
	line_add_number(&line, number);
	line_add(&line, ": ");
	line_add_foreign(&line, reason, strlen(reason), 256);
	write_line(&line);
}

static _Noreturn void
die(const char *what, const char *reason)
{
	log_pair("trouble", what, reason);
	exit(TEMPFAIL);
}

static _Noreturn void
usage(void)
{
	fputs(usage_text, stderr);
	exit(TEMPFAIL);
}

static void
add(const char **list, size_t *count, const char *text)
{
	if (*count == FILES_MAX)
		usage();
	list[(*count)++] = text;
}

static void
parse_options(struct options *options, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "cf:lop:qtT:v")) != -1) {
		switch (option) {
		case 'c':
			options->check = true;
			break;
		case 'f':
			add(options->files, &options->file_count, optarg);
			break;
		case 'l':
			options->loopback = true;
			break;
		case 'o':
			options->answers = true;
			break;
		case 'p':
			add(options->lists, &options->list_count, optarg);
			break;
		case 'q':
			options->quiet = true;
			break;
		case 't':
			options->test = true;
			break;
		case 'T':
			options->tag = optarg;
			break;
		case 'v':
			options->verbose = true;
			break;
		default:
			usage();
		}
	}
	if (argc - optind > (options->check ? 0 : 1) || (options->check && options->test) ||
	    (options->answers && (options->test || options->check || argc > optind)))
		usage();
}

/* Returns how much was wrong with the patterns. What is good of them is used all the same. */
static unsigned
read_patterns(struct patterns *patterns, const struct options *options)
{
	static char shipped[PATH_SIZE], local[PATH_SIZE];
	unsigned wrong = 0;

	for (size_t i = 0; i < options->file_count; i++)
		wrong += patterns_read(patterns, options->files[i], log_trouble_at);
	if (options->file_count > 0)
		return wrong;
	if (snprintf(shipped, sizeof(shipped), "%s/data/relaylog.patterns", homefolder()) >=
		PATH_SIZE ||
	    snprintf(local, sizeof(local), "%s/data/relaylog.local", homefolder()) >= PATH_SIZE)
		die("the path of the home is too long", NULL);
	wrong += patterns_read(patterns, shipped, log_trouble_at);
	if (access(local, F_OK) == 0)
		wrong += patterns_read(patterns, local, log_trouble_at);
	return wrong;
}

static void
choose(struct patterns *patterns, const struct options *options, bool strict)
{
	for (size_t i = 0; i < options->list_count; i++) {
		const char *word = patterns_choose(patterns, options->lists[i]);

		if (word == NULL)
			continue;
		if (strict)
			die("there is no such pattern", word);
		log_pair("trouble", "there is no such pattern", word);
	}
}

static struct patterns *
load(const struct options *options, bool strict)
{
	struct patterns *patterns = patterns_new();
	unsigned wrong;

	if (patterns == NULL)
		die("memory", strerror(errno));
	wrong = read_patterns(patterns, options);
	if (strict && wrong > 0)
		exit(TEMPFAIL);
	choose(patterns, options, strict);
	if (patterns_used(patterns) == 0)
		log_pair("trouble", "there are no patterns: nothing will be recognised", NULL);
	return patterns;
}

/* Do the samples of the files hold? */
static bool
check_samples(const struct options *options)
{
	struct patterns *patterns = patterns_new();
	struct patterns_sample sample;
	struct match match;
	struct match_terms terms = {.patterns = patterns, .loopback = true};
	unsigned wrong;
	size_t count;

	if (patterns == NULL)
		die("memory", strerror(errno));
	wrong = read_patterns(patterns, options);
	patterns_choose_everything(patterns);
	for (count = 0; patterns_sample(patterns, count, &sample); count++) {
		enum match_result result =
		    match_line(&match, &terms, sample.text, strlen(sample.text));
		const char *reason = NULL;

		if (sample.ip == NULL && result == MATCH_LOGIN)
			reason = "this is taken for a login";
		else if (sample.ip != NULL && (result == MATCH_NONE || result == MATCH_UNSAFE))
			reason = "this is not recognised";
		else if (sample.ip != NULL && result == MATCH_REFUSED)
			reason = match.refused;
		else if (sample.ip != NULL && strcmp(match.address, sample.ip) != 0)
			reason = "this is recognised with another address";
		else if (sample.ip != NULL &&
		    (match.by.user_len != strlen(sample.user) ||
			memcmp(match.by.user, sample.user, match.by.user_len) != 0))
			reason = "this is recognised with another user";
		if (reason != NULL)
			log_trouble_at(sample.file, sample.line, reason);
		wrong += reason != NULL;
	}
	printf("%zu samples, %zu patterns, %u of them wrong\n", count, patterns_used(patterns),
	    wrong);
	patterns_free(patterns);
	return wrong == 0;
}

static void
print_match(const struct match *match, enum match_result result, unsigned long number)
{
	struct line line;

	line_start(&line);
	if (result == MATCH_LOGIN)
		line_add(&line, match->address);
	else
		line_add_foreign(&line, match->by.ip, match->by.ip_len, RELAYADDRESS_SIZE);
	line_add(&line, "\t");
	line_add_foreign(&line, match->by.user, match->by.user_len, USER_MAX);
	line_add(&line, "\t");
	line_add(&line, match->by.name);
	line_add(&line, "\t");
	line_add_number(&line, match->by.line);
	line_add(&line, "\t");
	line_add_number(&line, (int64_t)number);
	if (result == MATCH_REFUSED) {
		line_add(&line, "\tignored: ");
		line_add(&line, match->refused);
	}
	puts(line.text);
}

/* Prints what would be recorded. Returns whether there is anything. */
static bool
test_file(const struct options *options, const char *path)
{
	static struct loglines lines;
	static char bytes[64 * 1024];
	struct patterns *patterns = load(options, true);
	struct match_terms terms = {
	    .patterns = patterns, .tag = options->tag, .loopback = options->loopback};
	struct loglines_line line;
	struct match match;
	unsigned long number = 0;
	bool found = false, unsafe = false;
	ssize_t got;
	int fd = path == NULL ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		die(path, strerror(errno));
	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		loglines_feed(&lines, bytes, (size_t)got);
		while (loglines_next(&lines, &line)) {
			enum match_result result = MATCH_NONE;

			number++;
			if (line.text != NULL && !unsafe)
				result = match_line(&match, &terms, line.text, line.len);
			if (result == MATCH_UNSAFE) {
				unsafe = true;
				log_trouble_at(path == NULL ? "-" : path, (unsigned)number,
				    "nginx or Perdition has written this by itself, and so can "
				    "strangers: nothing from here on is a login");
			} else if (result != MATCH_NONE)
				print_match(&match, result, number);
			found |= result == MATCH_LOGIN;
		}
	}
	if (got == -1)
		die(path == NULL ? "standard input" : path, strerror(errno));
	if (path != NULL)
		close(fd);
	patterns_free(patterns);
	return found;
}

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void
catch_signals(struct logcopy *copy)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t ends;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, &copy->waiting);
	sigdelset(&copy->waiting, SIGTERM);
	sigdelset(&copy->waiting, SIGINT);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	copy->stop = &stop;
}

/*
 * Strangers' texts are not for root to read. Who writes to relay/ may also speak to relayd. A FIFO may have
 * to be opened again, so there it is for the service to name another user.
 */
static void
leave_root(void)
{
	char folder[PATH_SIZE];

	if (snprintf(folder, sizeof(folder), "%s/relay", homefolder()) >= PATH_SIZE ||
	    become_owner(folder, NULL) == -1)
		log_pair("trouble", "it goes on as root", strerror(errno));
}

/* From here on only what is open, and the FIFO's folder, if there is one. */
static void
enter_sandbox(const char *fifo)
{
	char folder[PATH_SIZE];
	char *slash;
	struct sandbox_path path = {.path = folder, .write = true};

	snprintf(folder, sizeof(folder), "%s", fifo == NULL ? "" : fifo);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		strcpy(folder, ".");
	else
		slash[slash == folder] = '\0';
	if (sandbox_limits(16) == -1 || sandbox_enter(&path, fifo != NULL) == -1)
		log_pair("trouble", "no sandbox", strerror(errno));
}

static void
open_fifo(struct logcopy *copy, const char *path)
{
	if (logfeed_open_fifo(&copy->feed, path) == 0)
		return;
	if (errno == EINVAL || errno == EPERM)
		die(path, logfeed_reason(errno));
	log_pair("fifo", path, strerror(errno)); /* it may still come */
}

static void
run(const struct options *options, const char *fifo)
{
	static struct logcopy copy;

	if (options->answers) {
		to_syslog = true;
		syslogger_open("relaylog");
	}
	catch_signals(&copy);
	copy.terms.patterns = load(options, false);
	copy.terms.tag = options->tag;
	copy.terms.loopback = options->loopback;
	copy.verbose = options->verbose;
	copy.log = log_pair;
	copy.log_match = log_match;
	copy.out_fd = STDOUT_FILENO;
	if (options->answers)
		copy.out = LOGCOPY_ANSWERS;
	else if (fifo == NULL && !options->quiet)
		copy.out = LOGCOPY_LINES;
	if (tell_open(&copy.tell, homefolder(), ROOM) == -1)
		die("relayd can't be spoken to", strerror(errno));
	if (fifo == NULL) {
		logfeed_open_descriptor(&copy.feed, STDIN_FILENO);
		leave_root();
	} else {
		open_fifo(&copy, fifo);
	}
	enter_sandbox(fifo);
	switch (logcopy_run(&copy)) {
	case LOGCOPY_NO_OUT:
		die("nobody takes the lines any more", strerror(errno));
	case LOGCOPY_TROUBLE:
		die("trouble", strerror(errno));
	case LOGCOPY_DONE:
		break;
	}
	write_unwritten();
	tell_close(&copy.tell);
	patterns_free(copy.terms.patterns);
}

int
main(int argc, char **argv)
{
	static struct options options;
	const char *path;
	bool good;

	if (descriptors_plug(STDIN_FILENO) == -1 || descriptors_plug(STDOUT_FILENO) == -1 ||
	    descriptors_plug(STDERR_FILENO) == -1)
		exit(TEMPFAIL);
	parse_options(&options, argc, argv);
	path = argv[optind];
	if (!options.check && !options.test) {
		run(&options, path);
		exit(DONE);
	}
	good = options.check ? check_samples(&options) : test_file(&options, path);
	if (fflush(stdout) == EOF)
		die("standard output", strerror(errno));
	exit(good ? DONE : NONE);
}
