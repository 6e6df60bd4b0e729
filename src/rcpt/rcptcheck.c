/*
 * rcptcheck: does this recipient exist? Started once per RCPT by qmail-smtpd's RCPTCHECK hook
 * and its like; see rcptcheck(8).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/descriptors.h"
#include "base/line.h"
#include "batch.h"
#include "check.h"
#include "explain.h"
#include "hook.h"

#define ALARM_FIRST  30   /* seconds, until the settings of the domain are known */
#define ALARM_BEHIND 3000 /* ms behind the deadline: time to write the answer down */
#define LOG_WAIT     500  /* ms for room in a log's pipe */

static const char usage_text[] =
    "rcptcheck: usage: rcptcheck [-svv] [address] | rcptcheck -b [-v]";

/* What the command line and the environment ask for. */
struct options {
	enum hook_form form;
	int verbose;
	bool usage;
	const char *address; /* NULL: none was given */
	struct explain_context context;
};

static bool no_stderr; /* nobody reads descriptor 2: log to syslog */

/* A log that nobody drains costs the line, not the answer. */
static void
log_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (no_stderr) {
		openlog("rcptcheck", LOG_PID, LOG_MAIL);
		syslog(LOG_INFO, "%s", line->text + sizeof("rcptcheck:"));
	} else if (poll(&pollfd, 1, LOG_WAIT) == 1) {
		(void)line_write(line, STDERR_FILENO);
	}
}

static void
log_trouble(const char *why, const char *detail)
{
	struct line line;

	line_start(&line);
	line_add(&line, "rcptcheck:");
	line_pair(&line, "verdict", verdict_name(VERDICT_TEMPFAIL));
	line_pair(&line, "why", why);
	line_pair(&line, "note", detail);
	log_line(&line);
}

/* The level that holds for a check; RCPTCHECK_LOG wins over the setting. */
static enum settings_log
log_level(const struct check *check, bool batch)
{
	static const char *const levels[] = {"trouble", "reject", "all"};
	const char *wish = getenv("RCPTCHECK_LOG");

	for (size_t i = 0; wish != NULL && i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(wish, levels[i]) == 0)
			return (enum settings_log)i;
	return batch ? LOG_LEVEL_TROUBLE : check->log;
}

static void
report(void *context, const struct check *check, const char *address, size_t len)
{
	const struct options *options = context;
	struct line line;

	if (options->verbose == 0 &&
	    !explain_wanted(check, log_level(check, options->form == HOOK_BATCH)))
		return;
	explain_line(&line, check, address, len, &options->context);
	log_line(&line);
}

/* The transcript of -vv: one line for each line of the dialogue. */
static void
watch(void *context, char direction, const char *bytes, size_t len)
{
	(void)context;
	while (len > 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t line_len = end != NULL ? (size_t)(end - bytes) : len;
		struct line line;

		line_start(&line);
		line_add(&line, "rcptcheck: ");
		line_add_foreign(&line, &direction, 1, 1);
		line_add(&line, " ");
		line_add_foreign(&line, bytes,
		    line_len > 0 && bytes[line_len - 1] == '\r' ? line_len - 1 : line_len, 512);
		log_line(&line);
		len -= line_len + (end != NULL);
		bytes += line_len + (end != NULL);
	}
}

static void
parse_options(struct options *options, int argc, char **argv)
{
	bool batch = false, print = false;
	const char *fd4 = getenv("USE_FD4");
	int option;

	memset(options, 0, sizeof(*options));
	opterr = 0;
	while ((option = getopt(argc, argv, "bsv")) != -1) {
		switch (option) {
		case 'b':
			batch = true;
			break;
		case 's':
			print = true;
			break;
		case 'v':
			options->verbose++;
			break;
		default:
			options->usage = true;
		}
	}
	if (argc - optind > 1 || (batch && (print || argc > optind)))
		options->usage = true;
	options->context.client = getenv("TCPREMOTEIP");
	options->context.sender = getenv("SENDER");
	if (argc > optind)
		options->address = argv[optind];
	else
		options->address = getenv("RECIPIENT");

	if (fd4 != NULL && strcmp(fd4, "1") == 0 && descriptors_is_writable_pipe(4))
		options->form = HOOK_FD4;
	else
		options->form = HOOK_EXIT;
	/* RECIPIENT wins: qmail-spp's variables are also there when it runs RCPTCHECK. */
	if (options->address == NULL && !batch) {
		options->address = getenv("SMTPRCPTTO");
		options->context.sender = getenv("SMTPMAILFROM");
		if (options->address != NULL)
			options->form = HOOK_SPP;
		else
			options->usage = true;
	}
	if (print && !options->usage)
		options->form = HOOK_PRINT;
	if (batch)
		options->form = HOOK_BATCH;
}

/*
 * What tcpserver says of our own end, as record_server_text writes it: no callout goes there.
 */
static const char *
self_text(struct line *line)
{
	const char *ip = getenv("TCPLOCALIP"), *port = getenv("TCPLOCALPORT");

	line_start(line);
	if (ip != NULL && strncmp(ip, "::ffff:", 7) == 0 && strchr(ip, '.') != NULL)
		ip += 7; /* an IPv4 address as an IPv6 tcpserver has it */
	if (ip != NULL && port != NULL) {
		bool v6 = strchr(ip, ':') != NULL;

		line_add(line, v6 ? "[" : "");
		line_add(line, ip);
		line_add(line, v6 ? "]:" : ":");
		line_add(line, port);
	}
	return line->text;
}

/*
 * Does 111 put off this one recipient? Under the original RCPTCHECK it ends the whole session.
 * RCPTCHECK_CANDEFER is how the administrator, or our wrapper, says otherwise.
 */
static bool
can_defer(enum hook_form form)
{
	const char *says = getenv("RCPTCHECK_CANDEFER");

	return form != HOOK_EXIT || (says != NULL && strcmp(says, "1") == 0);
}

static _Noreturn void
run_batch(struct checker *checker, struct options *options)
{
	bool trouble;

	if (batch_run(checker, isatty(STDERR_FILENO), report, options, &trouble) == -1) {
		log_trouble("batch", strerror(errno));
		hook_answer(options->form, VERDICT_TEMPFAIL);
	}
	hook_answer(options->form, trouble ? VERDICT_TEMPFAIL : VERDICT_ACCEPT);
}

static _Noreturn void
run_one(struct checker *checker, struct options *options, int64_t started)
{
	static struct check check;
	const char *spp_ours = getenv("SMTPRCPTHOSTSOK");
	struct pollfd pollfd;

	if (getenv("RELAYCLIENT") != NULL)
		check_settle(&check, VERDICT_ACCEPT, "relay", started);
	else if (options->form == HOOK_SPP && spp_ours != NULL && strcmp(spp_ours, "1") != 0)
		check_settle(&check, VERDICT_ACCEPT, "foreign", started);
	else
		check_start(
		    checker, &check, options->address, strlen(options->address), started);
	if (!check.done)
		hook_alarm(check.deadline - deadline_now() + ALARM_BEHIND);
	while (!check.done) {
		pollfd.fd = check.fd;
		pollfd.events = check.events;
		if (poll(&pollfd, 1, deadline_left(check.wake)) == -1 && errno != EINTR)
			check_stop(&check, "poll");
		check_step(checker, &check);
	}
	report(options, &check, options->address, strlen(options->address));
	check_count(checker, &check);
	hook_answer(options->form, check.verdict);
}

int
main(int argc, char **argv)
{
	static struct checker checker;
	struct options options;
	struct line self;
	const char *home = getenv("RCPTCHECK_HOME");
	int64_t started = deadline_now();

	parse_options(&options, argc, argv);
	no_stderr = hook_prepare(options.form, options.form == HOOK_BATCH ? 0 : ALARM_FIRST);
	if (options.usage) {
		log_trouble("usage", usage_text + sizeof("rcptcheck:"));
		hook_answer(options.form, VERDICT_TEMPFAIL);
	}
	if (checker_open(&checker, home != NULL && home[0] != '\0' ? home : CONF_HOME) == -1) {
		log_trouble("usage", "the path of the home directory is too long");
		hook_answer(options.form, VERDICT_TEMPFAIL);
	}
	checker.self = self_text(&self);
	checker.can_defer = can_defer(options.form);
	if (options.context.client != NULL)
		checker.client = options.context.client;
	if (options.verbose > 1) {
		checker.watch = watch;
		checker.probe_path[0] =
		    '\0'; /* what rcptprobe says to the servers is not seen here */
	}
	if (options.form == HOOK_BATCH)
		run_batch(&checker, &options);
	run_one(&checker, &options, started);
}
