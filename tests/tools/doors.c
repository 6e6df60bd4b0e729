/*
 * doors: SMTP sessions with a server at 127.0.0.1 whose verdicts are known before.
 *
 *	doors [-j sessions] [-n recipients] [-t milliseconds] port <list >times
 *
 * The list has lines "address code": this is what RCPT is to be answered. Sessions are held one after the
 * other, "-j" of them (1) at the same time, each with the next "-n" addresses (1) of the list, which begins
 * again at its end; they wait for each reply but that to QUIT, as Postfix and qmail-remote do. "-t" after the
 * start (1000) no more are begun. A wrong reply, or none, ends it all with exit code 1. What comes is
 * acknowledged at once: a server that writes a reply line by line would else wait 40 ms in each session.
 *
 * For each RCPT a line: microseconds from it to its reply. At the end the summary goes to descriptor 2, a
 * line for each key and its value: "sessions", "recipients", and in microseconds "wall" and "cpu", which is
 * what this process itself has used.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS_MAX 64
#define ANSWER_WAIT  20000 /* ms */
#define REPLY_SIZE   4096

struct recipient {
	char address[256];
	char code[4];
};

enum stage { GREETING, EHLO, MAIL, RCPT };

struct session {
	int fd;
	enum stage stage;
	size_t left;                       /* recipients, this one included */
	const struct recipient *recipient; /* the one it waits for */
	int64_t asked;
	char reply[REPLY_SIZE];
	size_t len;
};

static struct recipient *list;
static size_t list_len, list_next;
static struct session sessions[SESSIONS_MAX];
static struct pollfd pollfds[SESSIONS_MAX];
static size_t wanted = 1, recipients = 1, running, held, answered;
static struct sockaddr_in server = {.sin_family = AF_INET};

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void
read_list(void)
{
	struct recipient one;
	size_t size = 0;

	while (scanf("%255s %3s", one.address, one.code) == 2) {
		if (list_len == size) {
			size = size == 0 ? 256 : size * 2;
			list = realloc(list, size * sizeof(*list));
			if (list == NULL)
				err(1, NULL);
		}
		list[list_len++] = one;
	}
	if (list_len == 0)
		errx(1, "the list is empty");
}

/* The system forgets it again and again. */
static void
acknowledge(int fd)
{
	static const int yes = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof(yes));
}

static void
begin(size_t place)
{
	struct session *session = &sessions[place];

	session->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (session->fd == -1 ||
	    connect(session->fd, (struct sockaddr *)&server, sizeof(server)) == -1)
		err(1, "port %d", ntohs(server.sin_port));
	acknowledge(session->fd);
	session->stage = GREETING;
	session->left = recipients;
	session->len = 0;
	pollfds[place] = (struct pollfd){.fd = session->fd, .events = POLLIN};
	running++;
}

static void
finish(size_t place)
{
	close(sessions[place].fd);
	pollfds[place].fd = -1;
	running--;
	held++;
}

static void
say(const struct session *session, const char *text)
{
	if (write(session->fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "port %d: write", ntohs(server.sin_port));
}

static void
say_recipient(struct session *session)
{
	char line[sizeof(session->recipient->address) + 16];

	session->recipient = &list[list_next++ % list_len];
	snprintf(line, sizeof(line), "RCPT TO:<%s>\r\n", session->recipient->address);
	session->asked = now();
	say(session, line);
}

/* What comes behind the reply that is there. */
static void
go_on(size_t place)
{
	struct session *session = &sessions[place];
	const char *want = session->stage == GREETING ? "220"
	    : session->stage == RCPT                  ? session->recipient->code
						      : "250";

	if (strncmp(session->reply, want, 3) != 0)
		errx(1, "port %d: %s: wanted %s, got: %.*s", ntohs(server.sin_port),
		    session->stage == RCPT ? session->recipient->address : "no recipient", want,
		    (int)session->len, session->reply);
	session->len = 0;
	switch (session->stage) {
	case GREETING:
		say(session, "EHLO client.test\r\n");
		session->stage = EHLO;
		break;
	case EHLO:
		say(session, "MAIL FROM:<sender@client.test>\r\n");
		session->stage = MAIL;
		break;
	case RCPT:
		printf("%" PRId64 "\n", now() - session->asked);
		answered++;
		session->left--;
		/* FALLTHROUGH */
	case MAIL:
		session->stage = RCPT;
		if (session->left > 0) {
			say_recipient(session);
		} else {
			say(session, "QUIT\r\n");
			finish(place);
		}
		break;
	}
}

/* Its last line has a blank behind the code. */
static bool
is_whole(const char *reply, size_t len)
{
	const char *line;

	if (len == 0 || reply[len - 1] != '\n')
		return false;
	line = memrchr(reply, '\n', len - 1);
	line = line != NULL ? line + 1 : reply;
	return reply + len - line > 4 && line[3] != '-';
}

static void
read_some(size_t place)
{
	struct session *session = &sessions[place];
	ssize_t n = read(session->fd, session->reply + session->len, REPLY_SIZE - session->len);

	if (n <= 0)
		errx(1, "port %d: %s: %.*s", ntohs(server.sin_port),
		    n == 0 ? "the session was closed" : strerror(errno), (int)session->len,
		    session->reply);
	session->len += (size_t)n;
	acknowledge(session->fd);
	if (is_whole(session->reply, session->len))
		go_on(place);
}

static void
hold_sessions(int64_t until)
{
	for (size_t i = 0; i < wanted; i++)
		begin(i);
	while (running > 0) {
		if (poll(pollfds, wanted, ANSWER_WAIT) <= 0)
			errx(1, "port %d: no reply", ntohs(server.sin_port));
		for (size_t i = 0; i < wanted; i++) {
			if (pollfds[i].fd == -1 || pollfds[i].revents == 0)
				continue;
			read_some(i);
			if (pollfds[i].fd == -1 && now() < until)
				begin(i);
		}
	}
}

static int64_t
microseconds(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static size_t
number(const char *text, size_t most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end != '\0' || value == 0 || value > most)
		errx(1, "not a number that can be used: %s", text);
	return value;
}

int
main(int argc, char **argv)
{
	static char buffer[1 << 20];
	struct rusage usage;
	int64_t window = 1000, began, wall;
	int option;

	while ((option = getopt(argc, argv, "j:n:t:")) != -1) {
		switch (option) {
		case 'j':
			wanted = number(optarg, SESSIONS_MAX);
			break;
		case 'n':
			recipients = number(optarg, 100000);
			break;
		case 't':
			window = (int64_t)number(optarg, 600000);
			break;
		default:
			argc = 0;
		}
	}
	if (argc - optind != 1)
		errx(1, "usage: doors [-j sessions] [-n recipients] [-t milliseconds] port");
	server.sin_port = htons((uint16_t)number(argv[optind], 65535));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	read_list();
	began = now();
	hold_sessions(began + window * 1000);
	wall = now() - began;
	if (fflush(stdout) != 0)
		err(1, "standard output");
	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr, "sessions %zu\nrecipients %zu\nwall %" PRId64 "\ncpu %" PRId64 "\n",
	    held, answered, wall, microseconds(usage.ru_utime) + microseconds(usage.ru_stime));
	return 0;
}
