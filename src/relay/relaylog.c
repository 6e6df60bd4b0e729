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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/become.h"
#include "base/descriptors.h"
#include "base/homefolder.h"
#include "base/sandbox.h"
#include "logcopy.h"
#include "logtrial.h"
#include "relaylogger.h"

#define DONE      0
#define NONE      100
#define TEMPFAIL  111
#define ROOM      4096 /* marks that may be under way */
#define FILES_MAX 16
#define PATH_SIZE 512

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

static _Noreturn void
die(const char *what, const char *reason)
{
	relaylogger_pair("trouble", what, reason);
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
		wrong += patterns_read(patterns, options->files[i], relaylogger_at);
	if (options->file_count > 0)
		return wrong;
	if (snprintf(shipped, sizeof(shipped), "%s/data/relaylog.patterns", homefolder()) >=
		PATH_SIZE ||
	    snprintf(local, sizeof(local), "%s/data/relaylog.local", homefolder()) >= PATH_SIZE)
		die("the path of the home is too long", NULL);
	wrong += patterns_read(patterns, shipped, relaylogger_at);
	if (access(local, F_OK) == 0)
		wrong += patterns_read(patterns, local, relaylogger_at);
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
		relaylogger_pair("trouble", "there is no such pattern", word);
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
		relaylogger_pair(
		    "trouble", "there are no patterns: nothing will be recognised", NULL);
	return patterns;
}

/* Do the samples of the files hold? */
static bool
check_samples(const struct options *options)
{
	struct patterns *patterns = patterns_new();
	unsigned wrong;
	size_t count;

	if (patterns == NULL)
		die("memory", strerror(errno));
	wrong = read_patterns(patterns, options);
	patterns_choose_everything(patterns);
	wrong += logtrial_samples(patterns, &count, relaylogger_at);
	printf("%zu samples, %zu patterns, %u of them wrong\n", count, patterns_used(patterns),
	    wrong);
	patterns_free(patterns);
	return wrong == 0;
}

/* Prints what would be recorded. Returns whether there is anything. */
static bool
test_file(const struct options *options, const char *path)
{
	struct patterns *patterns = load(options, true);
	struct match_terms terms = {
	    .patterns = patterns, .tag = options->tag, .loopback = options->loopback};
	int found, fd = path == NULL ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		die(path, strerror(errno));
	found = logtrial_file(&terms, fd, path == NULL ? "-" : path, relaylogger_at);
	if (found == -1)
		die(path == NULL ? "standard input" : path, strerror(errno));
	if (path != NULL)
		close(fd);
	patterns_free(patterns);
	return found == 1;
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
		relaylogger_pair("trouble", "it goes on as root", strerror(errno));
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
		relaylogger_pair("trouble", "no sandbox", strerror(errno));
}

static void
open_fifo(struct logcopy *copy, const char *path)
{
	if (logfeed_open_fifo(&copy->feed, path) == 0)
		return;
	if (errno == EINVAL || errno == EPERM)
		die(path, logfeed_reason(errno));
	relaylogger_pair("fifo", path, strerror(errno)); /* it may still come */
}

static void
run(const struct options *options, const char *fifo)
{
	static struct logcopy copy;

	if (options->answers) {
		relaylogger_open_syslog();
	}
	catch_signals(&copy);
	copy.terms.patterns = load(options, false);
	copy.terms.tag = options->tag;
	copy.terms.loopback = options->loopback;
	copy.verbose = options->verbose;
	copy.log = relaylogger_pair;
	copy.log_match = relaylogger_match;
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
	relaylogger_catch_up();
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
