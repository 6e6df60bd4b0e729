#include "authlisten.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096 /* the system cuts it to what it allows */

/* Decimal digits alone. */
static bool
parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 5 || text[len] != '\0')
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	*port = (uint16_t)value;
	return value >= 1 && value <= 65535;
}

static bool
parse_address(struct record_server *server, const char *text)
{
	server->family = 4;
	if (inet_pton(AF_INET, text, server->address) == 1)
		return true;
	server->family = 6;
	return inet_pton(AF_INET6, text, server->address) == 1;
}

bool
authlisten_parse(
    struct record_server *server, const char *text, unsigned port, bool ports_alone)
{
	char address[INET6_ADDRSTRLEN + 2];
	const char *end, *rest;
	size_t len;

	memset(server, 0, sizeof(*server));
	server->port = (uint16_t)port;
	if (parse_address(server, text))
		return server->port != 0;
	if (ports_alone && parse_port(text, &server->port))
		return parse_address(server, "127.0.0.1");
	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
		rest = end != NULL ? end + 1 : NULL;
	} else {
		end = rest = strchr(text, ':');
	}
	if (end == NULL || (size_t)(end - text) >= sizeof(address))
		return false;
	len = (size_t)(end - text);
	memcpy(address, text, len);
	address[len] = '\0';
	if (!parse_address(server, address) || (server->family == 6) != (rest != end))
		return false;
	if (*rest == '\0')
		return server->port != 0;
	return *rest == ':' && parse_port(rest + 1, &server->port);
}

bool
authlisten_is_loopback(const struct record_server *server)
{
	static const uint8_t v6[16] = {[15] = 1};

	return server->family == 4 ? server->address[0] == 127
				   : memcmp(server->address, v6, sizeof(v6)) == 0;
}

/* Closes fd; errno stays. Returns -1. */
static int
give_up(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

int
authlisten_tcp(const struct record_server *server)
{
	static const int one = 1;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(server->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(server->port)};
	bool v4 = server->family == 4;
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	memcpy(&in.sin_addr, server->address, 4);
	memcpy(&in6.sin6_addr, server->address, 16);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1 ||
	    bind(fd, v4 ? (const void *)&in : (const void *)&in6,
		v4 ? sizeof(in) : sizeof(in6)) == -1 ||
	    listen(fd, BACKLOG) == -1)
		return give_up(fd);
	return fd;
}

int
authlisten_unix(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct stat st;
	mode_t mask;
	int fd, rc;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if (snprintf(name.sun_path, sizeof(name.sun_path), "%s.%ld", path, (long)getpid()) >=
	    (int)sizeof(name.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	(void)unlink(name.sun_path); /* of a process that had our number */
	mask = umask(0117);
	rc = bind(fd, (const struct sockaddr *)(const void *)&name, sizeof(name));
	umask(mask);
	if (rc == -1)
		return give_up(fd);
	if (listen(fd, BACKLOG) == -1 || rename(name.sun_path, path) == -1) {
		rc = errno;
		(void)unlink(name.sun_path);
		errno = rc;
		return give_up(fd);
	}
	return fd;
}
