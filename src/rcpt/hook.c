#include "hook.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/line.h"
#include "hookends.h"

#define ADDRESS_FD      3
#define ADDRESS_SIZE    1024 /* qmail-smtpd takes no more than 900 bytes */
#define ALTERNATE_STACK 32768
#define REPLY_WAIT_MS                                                                          \
	1000 /* for room in a pipe, which a line always has unless somebody plays */

/*
 * HOOK_FD3 knows 0, 111, and "unknown" for whatever else a program does, be it a crash. spamdyke
 * has no "not now": what it does not know, it accepts, by way of an uninitialised variable.
 */
enum { FD3_UNKNOWN = 1 };
enum { SPAMDYKE_UNDECIDED = 0, SPAMDYKE_VALID = 1, SPAMDYKE_INVALID = 2 };

static const char way_out_log[] = "rcptcheck: verdict=tempfail why=signal\n";
static const char no_descriptors_log[] = "rcptcheck: verdict=tempfail why=descriptors\n";
static const char way_out_alarm_log[] = "rcptcheck: verdict=tempfail why=deadline\n";

static enum hook_form guarded_form;
static int answer_fd = -1; /* where HOOK_SPP and HOOK_PRINT speak, once 1 is silenced */

/* Writes all of it, or says that it could not; never waits for long. */
static bool
write_whole(int fd, const char *text, size_t len)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

	/* A line is far below PIPE_BUF, so that a pipe takes it whole or not at all. */
	if (poll(&pollfd, 1, REPLY_WAIT_MS) != 1 || !(pollfd.revents & POLLOUT))
		return false;
	return write(fd, text, len) == (ssize_t)len;
}

static size_t
add(char *out, size_t len, const char *text)
{
	size_t text_len = strlen(text);

	memcpy(out + len, text, text_len);
	return len + text_len;
}

int
hook_exit_code(enum hook_form form, enum verdict verdict)
{
	if (form == HOOK_FD3 && verdict == VERDICT_REJECT)
		return FD3_UNKNOWN;
	if (form != HOOK_SPAMDYKE)
		return verdict_exit_code(verdict);
	switch (verdict) {
	case VERDICT_ACCEPT:
		return SPAMDYKE_VALID;
	case VERDICT_REJECT:
		return SPAMDYKE_INVALID;
	case VERDICT_TEMPFAIL:
		break;
	}
	return SPAMDYKE_UNDECIDED;
}

/* Only async-signal-safe calls from here: this is also the way out of a signal handler. */
static _Noreturn void
tell(enum hook_form form, enum verdict verdict)
{
	char line[256]; /* the longest reply has about 100 bytes */
	size_t len;

	switch (form) {
	case HOOK_FD4:
		if (verdict == VERDICT_ACCEPT)
			break;
		len = add(line, 0, verdict_reply(verdict));
		len = add(line, len, "\n");
		/*
		 * 100 is "refuse this recipient with my words"; without words it would be a
		 * "no".
		 */
		_exit(write_whole(HOOK_REPLY_FD, line, len) ? EXIT_REJECT : EXIT_TEMPFAIL);
	case HOOK_SPP:
		/* qmail-spp reads the command and ignores the exit code. */
		if (verdict == VERDICT_ACCEPT)
			_exit(EXIT_ACCEPT);
		len = add(line, 0, "E");
		len = add(line, len, verdict_reply(verdict));
		len = add(line, len, "\n");
		_exit(write_whole(answer_fd, line, len) ? EXIT_ACCEPT : EXIT_TEMPFAIL);
	case HOOK_PRINT:
		len = add(line, 0, verdict_reply(verdict));
		len = add(line, len, "\n");
		if (!write_whole(answer_fd, line, len))
			_exit(EXIT_TEMPFAIL);
		break;
	case HOOK_EXIT:
	case HOOK_BATCH:
	case HOOK_FD3:
	case HOOK_SPAMDYKE:
		break;
	}
	_exit(hook_exit_code(form, verdict));
}

/* The log line, in trouble. One that nobody drains must not hold the answer up. */
static void
log_trouble(const char *log)
{
	struct pollfd pollfd = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&pollfd, 1, 0) == 1)
		(void)!write(STDERR_FILENO, log, strlen(log));
}

static void
way_out(int signal_number)
{
	log_trouble(signal_number == SIGALRM ? way_out_alarm_log : way_out_log);
	tell(guarded_form, VERDICT_TEMPFAIL);
}

/*
 * Whatever state of signals was inherited, none ends us with a code that means "accept": those
 * that say something lead to the way out, all others that could end a process are blocked.
 * SIGKILL is left, which every hook but one takes for trouble.
 */
static void
guard(void)
{
	static const int handled[] = {SIGALRM, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGSEGV,
	    SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGSYS, SIGTRAP};
	static const int harmless[] = {SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU};
	static char
	    stack[ALTERNATE_STACK]; /* for a SIGSEGV that says that ours has no room left */
	struct sigaction action = {.sa_handler = way_out, .sa_flags = SA_ONSTACK};
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	sigset_t blocked;

	(void)sigaltstack(&alternate, NULL);
	sigfillset(&action.sa_mask);
	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
		sigaction(handled[i], &action, NULL);
		sigdelset(&blocked, handled[i]);
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		sigdelset(&blocked, harmless[i]);
	/*
	 * SIGPIPE and SIGXFSZ: blocked, they are errors of write(2): of the answer's pipe, of
	 * the cache at a limit.
	 */
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

bool
hook_prepare(enum hook_form form, unsigned seconds)
{
	int no_stderr = hookends_settle(form, &answer_fd);

	guarded_form = form;
	if (no_stderr == -1) {
		if (!hookends_is_pointed(form, STDERR_FILENO))
			log_trouble(no_descriptors_log);
		_exit(hook_exit_code(form, VERDICT_TEMPFAIL));
	}
	guard();
	if (seconds > 0)
		hook_alarm((int64_t)seconds * 1000);
	return no_stderr == 1;
}

const char *
hook_read_address(void)
{
	static char address[ADDRESS_SIZE];
	size_t len = 0;
	ssize_t n;

	/* To its end, so that who writes it is not cut short; the alarm is behind us. */
	for (;;) {
		char rest[ADDRESS_SIZE];
		bool whole = memchr(address, '\0', len) != NULL || len == sizeof(address);

		n = whole ? read(ADDRESS_FD, rest, sizeof(rest))
			  : read(ADDRESS_FD, address + len, sizeof(address) - len);
		if (n == 0 || (n == -1 && errno != EINTR))
			break;
		if (n > 0 && !whole)
			len += (size_t)n;
	}
	(void)close(ADDRESS_FD);
	return n == 0 && memchr(address, '\0', len) != NULL ? address : NULL;
}

/* Characters a local part has without having been quoted: atext of RFC 5322 3.2.3, and dots. */
static bool
is_plain(const char *local, size_t len)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~."
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (size_t i = 0; i < len; i++)
		if (local[i] == '\0' || strchr(plain, local[i]) == NULL)
			return false;
	return true;
}

const char *
hook_doubt(enum hook_form form, const char *address, size_t len)
{
	size_t local_len = len;

	while (local_len > 0 && address[local_len - 1] != '@')
		local_len--;
	if (local_len > 0)
		local_len--;
	/*
	 * Its caller asks a second time, about "user-@domain", when it did not like the answer
	 * for "user-ext@domain", and then believes the second one.
	 */
	if (form == HOOK_FD3 && local_len > 0 && strchr("-=+", address[local_len - 1]) != NULL)
		return "break-character";
	/* What was quoted has lost its quotes and its blanks on the way. */
	if (form == HOOK_SPAMDYKE && !is_plain(address, local_len))
		return "quoted";
	return NULL;
}

void
hook_alarm(int64_t milliseconds)
{
	struct itimerval timer = {0};

	if (milliseconds < 1)
		milliseconds = 1; /* 0 would switch it off */
	timer.it_value.tv_sec = milliseconds / 1000;
	timer.it_value.tv_usec = milliseconds % 1000 * 1000;
	setitimer(ITIMER_REAL, &timer, NULL);
}

void
hook_answer(enum hook_form form, enum verdict verdict)
{
	sigset_t all;

	/* From here on the answer stands: an alarm must not add a second one. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	tell(form, verdict);
}
