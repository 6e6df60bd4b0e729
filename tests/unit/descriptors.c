/*
 * Descriptors: closed ones are plugged, and only the writing end of a pipe counts as one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* No descriptor is left, then one: a pipe needs two, but then there is /dev/null. */
static void
test_no_room(void)
{
	struct rlimit limit;
	int top = dup(STDIN_FILENO), fd;

	getrlimit(RLIMIT_NOFILE, &limit);
	close(top);
	limit.rlim_cur = (rlim_t)top;
	setrlimit(RLIMIT_NOFILE, &limit);
	errno = 0;
	ok(descriptors_nothing() == -1 && errno == EMFILE, "without room there is nothing");
	limit.rlim_cur++;
	setrlimit(RLIMIT_NOFILE, &limit);
	fd = descriptors_nothing();
	ok(fd == top && is_null(fd), "/dev/null takes one");
	close(fd);
}

/* As root, in a root folder without /dev; in a process of its own. */
static void
test_no_null(void)
{
	char folder[] = "/tmp/descriptors.XXXXXX", byte = 'x';
	int before, fd, status = -1;
	pid_t child;

	if (geteuid() != 0 || mkdtemp(folder) == NULL) {
		ok(true, "without /dev/null # SKIP only root can be there");
		return;
	}
	fflush(stdout);
	child = fork();
	if (child == 0) {
		signal(SIGPIPE, SIG_IGN);
		before = count_open();
		if (chroot(folder) == -1 || chdir("/") == -1)
			_exit(2);
		fd = descriptors_nothing();
		_exit(!(fd != -1 && read(fd, &byte, 1) == 0 && write(fd, &byte, 1) == -1 &&
		    count_open() == before + 1 && descriptors_silence(STDIN_FILENO) == 0 &&
		    read(STDIN_FILENO, &byte, 1) == 0 && count_open() == before + 1));
	}
	waitpid(child, &status, 0);
	rmdir(folder);
	ok(status == 0, "without /dev/null a pipe serves as well");
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
	test_no_null();
	test_no_room();
	unlink(path);
	return tap_done();
}
