#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t
fill_address(union socket_address *address, const struct record_server *server)
{
	memset(address, 0, sizeof(*address));
	if (server->family == 4) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(server->port);
		memcpy(&address->v4.sin_addr, server->address, 4);
		return sizeof(address->v4);
	}
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(server->port);
	memcpy(&address->v6.sin6_addr, server->address, 16);
	return sizeof(address->v6);
}

static const char *
note_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "refused";
	case ETIMEDOUT:
		return "timeout";
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return "unreachable";
	default:
		return "no-connection";
	}
}

int
connection_begin(const struct record_server *server, const char **note)
{
	union socket_address address;
	socklen_t len = fill_address(&address, server);
	int fd, on = 1;

	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		*note = note_of(errno);
		return -1;
	}
	/* What we write waits for no acknowledgement. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, &address.any, len) == -1 && errno != EINPROGRESS && errno != EINTR) {
		*note = note_of(errno);
		close(fd);
		return -1;
	}
	return fd;
}

int
connection_check(int fd, const char **note)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&pollfd, 1, 0) <= 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0)
		return 1;
	*note = note_of(error);
	return -1;
}

/*
 * A greeting with our own name is a loop of backups, reached by a name or a NAT that rcptbuild
 * could not see through. Not so on one machine, where the primary is another program that may
 * well use the same name.
 */
void
connection_ends(int fd, struct smtp_terms *terms)
{
	union socket_address own = {0}, peer = {0};
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);

	terms->own_ip[0] = '\0';
	terms->guard_loop = true;
	if (getsockname(fd, &own.any, &own_len) == -1 ||
	    getpeername(fd, &peer.any, &peer_len) == -1)
		return;
	if (own.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &own.v4.sin_addr, terms->own_ip, sizeof(terms->own_ip));
		terms->guard_loop = own.v4.sin_addr.s_addr != peer.v4.sin_addr.s_addr;
	} else {
		inet_ntop(AF_INET6, &own.v6.sin6_addr, terms->own_ip, sizeof(terms->own_ip));
		terms->guard_loop =
		    memcmp(&own.v6.sin6_addr, &peer.v6.sin6_addr, sizeof(struct in6_addr)) != 0;
	}
}

/*
 * Servers that write the replies to a pipelined MAIL and RCPT one by one wait for the
 * acknowledgement of the first before they send the second (RFC 896), which systems hold back
 * for 40 ms or more (RFC 1122 4.2.3.2).
 */
void
connection_hurry(int fd)
{
#ifdef TCP_QUICKACK
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
#else
	(void)fd;
#endif
}
