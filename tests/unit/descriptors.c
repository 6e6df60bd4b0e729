/*
 * Descriptors: closed ones are plugged, and only the writing end of a pipe counts as one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "tap.h"

static bool
is_null(int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat("/dev/null", &b) == 0 && a.st_rdev == b.st_rdev &&
	    S_ISCHR(a.st_mode) && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

static int
count_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 64; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

int
main(void)
{
	char path[] = "/tmp/descriptors.XXXXXX";
	int pipe_fds[2], sockets[2], file = mkstemp(path), before;

	if (pipe(pipe_fds) == -1 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == -1 ||
	    file == -1)
		return 1;
	ok(descriptors_is_writable_pipe(pipe_fds[1]), "the writing end of a pipe");
	ok(!descriptors_is_writable_pipe(pipe_fds[0]), "the reading end is none");
	ok(!descriptors_is_writable_pipe(sockets[0]), "nor is a socket");
	ok(!descriptors_is_writable_pipe(file), "nor a file");
	ok(!descriptors_is_writable_pipe(50), "nor what is closed");
	ok(!descriptors_is_writable_pipe(-1), "nor no descriptor");

	before = count_open();
	is_int(descriptors_plug(file), 0, "an open descriptor needs no plug");
	ok(!is_null(file), "and stays what it is");
	is_int(descriptors_plug(20), 1, "a closed one does");
	ok(is_null(20), "and is /dev/null then");
	is_int(descriptors_plug(20), 0, "once");
	is_int(descriptors_silence(file), 0, "an open one is silenced");
	ok(is_null(file), "and is /dev/null too");
	is_int(count_open(), before + 1, "nothing else is left open");
	close(20);

	/* The lowest free descriptor is the one that open(2) gives. */
	close(pipe_fds[0]);
	is_int(descriptors_plug(pipe_fds[0]), 1, "the lowest free one");
	ok(is_null(pipe_fds[0]) && count_open() == before, "is plugged without another");
	errno = 0;
	ok(descriptors_plug(-1) == -1 && errno == EBADF && count_open() <= before + 1,
	    "no descriptor can't be plugged");
	unlink(path);
	return tap_done();
}
