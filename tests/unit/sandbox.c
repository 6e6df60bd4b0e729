/*
 * The sandbox, from within: processes that enter it and try what they may and may not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "tap.h"

#define NOBODY 65534

static char home[] = "/tmp/sandbox.XXXXXX";
static const struct sandbox_path paths[] = {
    {"written", true}, {"read", false}, {"file", false}, {"journal", true}};
static int listening, inherited;
static struct sockaddr_in loopback = {.sin_family = AF_INET};

/* Opens and closes. Returns 0, or what errno says. */
static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		return errno;
	close(fd);
	return 0;
}

static int
error_of(int result)
{
	return result == -1 ? errno : 0;
}

static bool
make_file(const char *path)
{
	return try_open(path, O_RDWR | O_CREAT) == 0;
}

/* In a sandbox, each returns whether all was as it should be. */

static bool
strange_files(void)
{
	return try_open("/etc/passwd", O_RDONLY) == EACCES &&
	    try_open("/etc/hostname", O_RDONLY) == EACCES &&
	    try_open("/", O_RDONLY) == EACCES && try_open("/dev/null", O_RDWR) == EACCES &&
	    try_open(".", O_RDONLY) == EACCES && try_open("secret", O_RDONLY) == EACCES &&
	    try_open("written/../secret", O_RDONLY) == EACCES &&
	    try_open("written/link", O_RDONLY) == EACCES &&
	    try_open("secret", O_WRONLY | O_TRUNC) == EACCES &&
	    try_open("new", O_WRONLY | O_CREAT) == EACCES &&
	    error_of(unlink("secret")) == EACCES;
}

/* Landlock knows cutting without opening since its version 3, of Linux 6.2. */
static bool
cutting(void)
{
#ifdef SYS_landlock_create_ruleset
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 3)
		return true;
#endif
	return error_of(truncate("secret", 0)) == EACCES &&
	    error_of(truncate("file", 0)) == EACCES;
}

static bool
reading(void)
{
	return try_open("read", O_RDONLY | O_DIRECTORY) == 0 &&
	    try_open("read/a", O_RDONLY) == 0 && try_open("file", O_RDONLY) == 0 &&
	    try_open("read/a", O_WRONLY) == EACCES &&
	    try_open("read/b", O_WRONLY | O_CREAT) == EACCES &&
	    try_open("file", O_RDWR) == EACCES && error_of(unlink("read/a")) == EACCES;
}

static bool
writing(void)
{
	struct stat st;
	int fd = open("written/journal", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd != -1 && write(fd, "0123456789", 10) == 10 && fsync(fd) == 0 &&
	    ftruncate(fd, 5) == 0 && close(fd) == 0 && truncate("written/journal", 3) == 0 &&
	    stat("written/journal", &st) == 0 && st.st_size == 3 &&
	    try_open("written/journal", O_WRONLY | O_TRUNC) == 0 &&
	    rename("written/journal", "written/other") == 0 && unlink("written/other") == 0 &&
	    try_open("written/below/deep", O_WRONLY | O_CREAT) == 0 &&
	    try_open("written", O_RDONLY | O_DIRECTORY) == 0 &&
	    try_open("journal", O_RDWR | O_TRUNC) == 0;
}

/* Of what can be written: no links, folders, pipes or programs, nothing moved in or out. */
static bool
nothing_else(void)
{
	char *const arguments[] = {"program", NULL};
	int moved;

	if (!make_file("written/plain"))
		return false;
	moved = error_of(rename("written/plain", "read/plain"));
	return error_of(symlink("/etc/passwd", "written/trap")) == EACCES &&
	    error_of(mkdir("written/folder", 0700)) == EACCES &&
	    error_of(mkfifo("written/pipe", 0600)) == EACCES &&
	    (moved == EACCES || moved == EXDEV) && error_of(link("secret", "written/s")) != 0 &&
	    error_of(execv("written/program", arguments)) == EACCES &&
	    error_of(execv("/bin/sh", arguments)) == EACCES;
}

static bool
unix_socket(void)
{
	struct sockaddr_un here = {.sun_family = AF_UNIX, .sun_path = "written/socket"},
			   there = {.sun_family = AF_UNIX, .sun_path = "read/socket"};
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	int other = socket(AF_UNIX, SOCK_STREAM, 0);

	return bind(server, (struct sockaddr *)&here, sizeof(here)) == 0 &&
	    listen(server, 1) == 0 && chmod(here.sun_path, 0660) == 0 &&
	    connect(client, (struct sockaddr *)&here, sizeof(here)) == 0 &&
	    unlink(here.sun_path) == 0 &&
	    error_of(bind(other, (struct sockaddr *)&there, sizeof(there))) == EACCES;
}

static bool
network(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int client = socket(AF_INET, SOCK_STREAM, 0), server = socket(AF_INET, SOCK_STREAM, 0);
	int accepted;

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(client, (struct sockaddr *)&loopback, sizeof(loopback)) == 0 &&
	    (accepted = accept(listening, NULL, NULL)) != -1 && send(client, "x", 1, 0) == 1 &&
	    recv(accepted, &(char){0}, 1, 0) == 1 &&
	    bind(server, (struct sockaddr *)&any, sizeof(any)) == 0 && listen(server, 1) == 0;
}

static bool
open_before(void)
{
	return pread(inherited, &(char){0}, 1, 0) == 1;
}

/* A second sandbox can only take away. */
static bool
for_good(void)
{
	const struct sandbox_path root = {"/", true};

	sandbox_enter(&root, 1);
	return try_open("/etc/passwd", O_RDONLY) == EACCES &&
	    try_open("secret", O_RDONLY) == EACCES && try_open("file", O_RDONLY) == 0;
}

static bool
children(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_open("/etc/passwd", O_RDONLY) == EACCES ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* Enters the sandbox in a child. Returns 1, 0 as in there, or the bad result of entering. */
static int
within(bool (*attempt)(void), size_t count)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int entered = sandbox_enter(paths, count);

		_exit(entered == 1 ? attempt() : 10 - entered);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define COUNT (sizeof(paths) / sizeof(paths[0]))

static bool
as_nobody(void)
{
	return geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool
no_fork(void)
{
	pid_t pid;

	if (!as_nobody() || sandbox_limits(16) == -1)
		return false;
	pid = fork();
	if (pid == 0)
		_exit(0);
	return pid == -1 && errno == EAGAIN;
}

static bool
no_core(void)
{
	struct rlimit limit;

	return sandbox_limits(16) != -1 && getrlimit(RLIMIT_CORE, &limit) == 0 &&
	    limit.rlim_cur == 0 && limit.rlim_max == 0;
}

static bool
descriptors(void)
{
	struct rlimit limit;
	int most;

	if (!as_nobody() || getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return false;
	most = limit.rlim_max > INT_MAX ? INT_MAX : (int)limit.rlim_max;
	limit.rlim_cur = 64;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 && sandbox_limits(32) == 64 &&
	    sandbox_limits(128) == 128 && sandbox_limits(100) == 128 &&
	    fcntl(0, F_DUPFD, 127) == 127 && sandbox_limits(SIZE_MAX) == most;
}

static bool
missing_path(void)
{
	const struct sandbox_path missing = {"nowhere", false};
	int result = sandbox_enter(&missing, 1);

	return result == -1 && errno == ENOENT && try_open("secret", O_RDONLY) == 0;
}

static int
apart(bool (*attempt)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(attempt());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
prepare(void)
{
	socklen_t len = sizeof(loopback);

	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listening = socket(AF_INET, SOCK_STREAM, 0);
	return mkdtemp(home) != NULL && chdir(home) == 0 && mkdir("written", 0700) == 0 &&
	    mkdir("written/below", 0700) == 0 && mkdir("read", 0700) == 0 &&
	    make_file("read/a") && make_file("file") && make_file("journal") &&
	    make_file("secret") && make_file("written/program") &&
	    chmod("written/program", 0755) == 0 && symlink("../secret", "written/link") == 0 &&
	    (inherited = open("/etc/passwd", O_RDONLY)) != -1 && listening != -1 &&
	    bind(listening, (struct sockaddr *)&loopback, len) == 0 &&
	    listen(listening, 5) == 0 &&
	    getsockname(listening, (struct sockaddr *)&loopback, &len) == 0;
}

static void
clean(void)
{
	const char *const files[] = {"written/below/deep", "written/plain", "written/link",
	    "written/journal", "written/other", "written/program", "written/socket", "read/a",
	    "file", "journal", "secret"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	rmdir("written/below");
	rmdir("written");
	rmdir("read");
	rmdir(home);
}

static bool
nothing(void)
{
	return true;
}

int
main(void)
{
	int entered;

	alarm(60);
	if (!prepare()) {
		clean();
		return 1;
	}
	entered = within(nothing, COUNT);
	if (entered == 10) {
		ok(true, "the sandbox # SKIP this system has none");
	} else {
		is_int(entered, 1, "the sandbox can be entered");
		is_int(apart(missing_path), 1, "not with a path that is missing");
		is_int(within(strange_files, COUNT), 1, "no file that was not named");
		is_int(within(cutting, COUNT), 1, "nor can one be cut");
		is_int(within(reading, COUNT), 1, "what can be read can't be written");
		is_int(within(writing, COUNT), 1, "files can be made, cut, renamed, removed");
		is_int(within(nothing_else, COUNT), 1, "but nothing else be made or run");
		is_int(within(unix_socket, COUNT), 1, "a Unix socket, where files can be made");
		is_int(within(network, COUNT), 1, "the network is open");
		is_int(within(network, 0), 1, "without any file as well");
		is_int(within(strange_files, 0), 1, "and then there is none");
		is_int(within(open_before, COUNT), 1, "what was open stays open");
		is_int(within(for_good, COUNT), 1, "a second sandbox opens nothing");
		is_int(within(children, COUNT), 1, "a child is in it too");
	}
	is_int(apart(no_fork), 1, "limits: no new processes");
	is_int(apart(no_core), 1, "no core file");
	is_int(apart(descriptors), 1, "as many descriptors as wanted and allowed");
	clean();
	return tap_done();
}
