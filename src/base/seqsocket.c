#include "seqsocket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int
bind_and_listen(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	return result == -1 ? -1 : listen(fd, BACKLOG);
}

int
seqsocket_listen(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, saved;

	if (unlink(path) == -1 && errno != ENOENT)
		return -1;
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1 && bind_and_listen(fd, &address) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		fd = -1;
	}
	return fd;
}

const char *
seqsocket_reason(int error)
{
	return error == ENAMETOOLONG ? "too long a path for a socket (107 bytes)"
				     : strerror(error);
}

int
seqsocket_accept(int listening, bool *exhausted)
{
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	*exhausted = fd == -1 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR &&
	    errno != ECONNABORTED;
	return fd;
}

void
seqsocket_peer(int fd, uid_t *user, gid_t *group)
{
#ifdef __OpenBSD__
	struct sockpeercred peer;
#else
	struct ucred peer;
#endif
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1) {
		*user = (uid_t)-1;
		*group = (gid_t)-1;
		return;
	}
	*user = peer.uid;
	*group = peer.gid;
}
