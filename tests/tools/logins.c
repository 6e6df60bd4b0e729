/*
 * logins -n COUNT -c CONNECTIONS ADDRESS: as nginx's mail proxy asks its auth_http, a connection for each
 * login, so many at a time. ADDRESS is the path of a Unix socket or a port of 127.0.0.1. Each answer must begin
 * with "HTTP/1.0 200 OK" and have "Auth-Status: OK" and "Auth-Server: ". Prints
 *
 *	logins per second, the median and the 99th percentile of a login in microseconds
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 512

static struct login {
	int fd;
	int64_t began;
	size_t len;
	char answer[2048];
} logins[CONNECTIONS_MAX];

static int64_t *times;
static size_t count = 10000, at_once = 20, begun, ended;
static const char *address;

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int
connect_to(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd, rc;

	if (address[0] == '/') {
		if (strlen(address) >= sizeof(un.sun_path))
			errx(1, "%s: too long", address);
		strcpy(un.sun_path, address);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		rc = connect(fd, (struct sockaddr *)(void *)&un, sizeof(un));
	} else {
		in.sin_port = htons((uint16_t)strtoul(address, NULL, 10));
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		rc = connect(fd, (struct sockaddr *)(void *)&in, sizeof(in));
	}
	if (fd == -1 || rc == -1)
		err(1, "connect to %s", address);
	return fd;
}

static void
begin(struct login *login)
{
	char request[512];
	int len;

	login->began = now();
	login->len = 0;
	login->fd = connect_to();
	len = snprintf(request, sizeof(request),
	    "GET /auth HTTP/1.0\r\nHost: localhost\r\nAuth-Method: plain\r\n"
	    "Auth-User: user%zu@bench.example\r\nAuth-Pass: secret\r\n"
	    "Auth-Protocol: imap\r\nAuth-Login-Attempt: 1\r\nClient-IP: 203.0.113.7\r\n\r\n",
	    begun * 7919 % 1000);
	if (write(login->fd, request, (size_t)len) != len)
		err(1, "write");
	begun++;
}

/* Takes what there is; at the end judges it, and begins another. */
static void
go_on(struct login *login)
{
	ssize_t n =
	    read(login->fd, login->answer + login->len, sizeof(login->answer) - 1 - login->len);

	if (n == -1 && errno != EINTR)
		err(1, "read");
	if (n > 0)
		login->len += (size_t)n;
	if (n != 0)
		return;
	login->answer[login->len] = '\0';
	if (strncmp(login->answer, "HTTP/1.0 200 OK\r\n", 17) != 0 ||
	    strstr(login->answer, "Auth-Status: OK\r\n") == NULL ||
	    strstr(login->answer, "Auth-Server: ") == NULL)
		errx(1, "a wrong answer: %s", login->answer);
	close(login->fd);
	times[ended++] = now() - login->began;
	login->fd = -1;
	if (begun < count)
		begin(login);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	struct pollfd pollfds[CONNECTIONS_MAX];
	int64_t started, took;
	int option;

	while ((option = getopt(argc, argv, "n:c:")) != -1) {
		if (option == 'n')
			count = strtoul(optarg, NULL, 10);
		else if (option == 'c')
			at_once = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	address = argv[optind];
	if (address == NULL || count < 1 || at_once < 1 || at_once > CONNECTIONS_MAX)
		errx(2, "usage: logins [-n count] [-c connections] address");
	times = calloc(count, sizeof(*times));
	if (times == NULL)
		err(1, NULL);
	started = now();
	for (size_t i = 0; i < at_once; i++) {
		logins[i].fd = -1;
		if (begun < count)
			begin(&logins[i]);
	}
	while (ended < count) {
		for (size_t i = 0; i < at_once; i++)
			pollfds[i] = (struct pollfd){.fd = logins[i].fd, .events = POLLIN};
		if (poll(pollfds, at_once, 30000) <= 0)
			errx(1, "no answer for 30 s");
		for (size_t i = 0; i < at_once; i++)
			if (pollfds[i].revents != 0)
				go_on(&logins[i]);
	}
	took = now() - started;
	qsort(times, count, sizeof(*times), compare);
	printf("%.0f %lld %lld\n", (double)count * 1e6 / (double)took,
	    (long long)times[count / 2], (long long)times[count - 1 - count / 100]);
	return 0;
}
