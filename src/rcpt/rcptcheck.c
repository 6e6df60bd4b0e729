/*
 * rcptcheck: does this recipient exist? Started once per RCPT by qmail-smtpd's RCPTCHECK hook
 * and its like; see rcptcheck(8).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/homefolder.h"
#include "base/lean.h"
#include "base/line.h"
#include "base/syslogger.h"
#include "batch.h"
#include "check.h"
#include "explain.h"
#include "hook.h"
#include "options.h"

#define ALARM_FIRST  25    /* seconds, until the settings of the domain are known */
#define ALARM_BEHIND 3000  /* ms behind the deadline: time to write the answer down */
#define ALARM_LAST   28000 /* ms from the start, where the caller gives us 30 s (spamdyke) */
#define LOG_WAIT     500   /* ms for room in a log's pipe */

static const char usage_text[] =
    "rcptcheck: usage: rcptcheck [-svv] [address] | rcptcheck -b [-v] | rcptcheck -3 [-v] | "
    "rcptcheck [-v] -y domain localpart";

static bool no_stderr; /* nobody reads descriptor 2: log to syslog */

/* A log that nobody drains costs the line, not the answer. */
static void
log_line(const struct line *line)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (no_stderr) {
		syslogger_open("rcptcheck");
		syslogger_write(line->text + sizeof("rcptcheck:"));
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
 * Does 111 put off this one recipient? Under the original RCPTCHECK, s/qmail and indimail it
 * ends the whole session. RCPTCHECK_CANDEFER is how the administrator, or our wrapper, says otherwise.
 */
static bool
can_defer(enum hook_form form)
{
	const char *says = getenv("RCPTCHECK_CANDEFER");

	switch (form) {
	case HOOK_EXIT:
	case HOOK_FD3:
	case HOOK_SPAMDYKE: /* which has no way to */
		return says != NULL && strcmp(says, "1") == 0;
	case HOOK_FD4:
	case HOOK_SPP:
	case HOOK_PRINT:
	case HOOK_BATCH:
		break;
	}
	return true;
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

/* When the alarm behind the deadline rings. */
static int64_t
alarm_time(enum hook_form form, const struct check *check)
{
	int64_t time = check->deadline + ALARM_BEHIND;

	if (form == HOOK_SPAMDYKE)
		time = deadline_earlier(time, check->started + ALARM_LAST);
	return time;
}

/* A reject that this form could get wrong is none. */
static void
soften(const struct options *options, struct check *check)
{
	const char *doubt =
	    hook_doubt(options->form, options->address, strlen(options->address));

	if (check->verdict != VERDICT_REJECT || doubt == NULL)
		return;
	check->verdict = VERDICT_TEMPFAIL;
	check->note = doubt;
}

/* Do we know that mail for it is taken, or is it only not refused? A reject is known. */
static bool
is_known(const struct check *check)
{
	return check->verdict == VERDICT_REJECT ||
	    (check->asked && check->finding == FINDING_EXISTS) ||
	    strcmp(check->why, "listed") == 0 || strcmp(check->why, "postmaster") == 0;
}

static _Noreturn void
run_one(struct checker *checker, struct options *options, int64_t started)
{
	static struct check check;
	const char *spp_ours = getenv("SMTPRCPTHOSTSOK");
	struct pollfd pollfd;

	lean_one_question();
	if (getenv("RELAYCLIENT") != NULL)
		check_settle(&check, VERDICT_ACCEPT, "relay", started);
	else if (options->form == HOOK_SPP && spp_ours != NULL && strcmp(spp_ours, "1") != 0)
		check_settle(&check, VERDICT_ACCEPT, "foreign", started);
	else
		check_start(
		    checker, &check, options->address, strlen(options->address), started);
	if (!check.done)
		hook_alarm(alarm_time(options->form, &check) - deadline_now());
	while (!check.done) {
		pollfd.fd = check.fd;
		pollfd.events = check.events;
		if (poll(&pollfd, 1, deadline_left(check.wake)) == -1 && errno != EINTR)
			check_stop(&check, "poll");
		check_step(checker, &check);
	}
	soften(options, &check);
	report(options, &check, options->address, strlen(options->address));
	check_count(checker, &check);
	if (options->form == HOOK_SPAMDYKE && !is_known(&check))
		check.verdict = VERDICT_TEMPFAIL;
	hook_answer(options->form, check.verdict);
}

int
main(int argc, char **argv)
{
	static struct checker checker;
	struct options options;
	struct line self;
	const char *home = homefolder();
	int64_t started = deadline_now();

	options_parse(&options, argc, argv);
	no_stderr = hook_prepare(options.form, options.form == HOOK_BATCH ? 0 : ALARM_FIRST);
	/* spamdyke throws away what is said there. */
	if (options.form == HOOK_SPAMDYKE && options.verbose == 0)
		no_stderr = true;
	if (!options.usage && options.form == HOOK_FD3 &&
	    (options.address = hook_read_address()) == NULL) {
		log_trouble("usage", "there is no address on descriptor 3");
		hook_answer(options.form, VERDICT_TEMPFAIL);
	}
	if (options.usage) {
		log_trouble("usage", usage_text + sizeof("rcptcheck:"));
		hook_answer(options.form, VERDICT_TEMPFAIL);
	}
	if (checker_open(&checker, home) == -1) {
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
