#include "sandbox.h"

#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Rights that are newer than the headers of Debian 12 (Linux 6.1). */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                                  \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |                         \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                     \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK)
/* Of these, what a rule for a single file may name; with others the kernel refuses it. */
#define OF_A_FILE                                                                              \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |                        \
	    LANDLOCK_ACCESS_FS_TRUNCATE)

/*
 * All rights that this version of Landlock knows: what is not named here would stay allowed
 * everywhere. Version 4 brought rights for the network, and 6 for signals; not ours.
 */
static __u64
rights_of(int version)
{
	__u64 rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* version 1: up to this one */

	if (version >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (version >= 5)
		rights |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	return rights;
}

static int
allow(int ruleset, const struct sandbox_path *path, __u64 known)
{
	struct landlock_path_beneath_attr rule = {0};
	struct stat st;
	int result = -1, saved, fd = open(path->path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0) {
		rule.allowed_access = known & (path->write ? READ | WRITE : READ);
		if (!S_ISDIR(st.st_mode))
			rule.allowed_access &= OF_A_FILE;
		rule.parent_fd = fd;
		result = (int)syscall(
		    SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

int
sandbox_enter(const struct sandbox_path *paths, size_t count)
{
	struct landlock_ruleset_attr handled = {0};
	int version, ruleset, saved, result = 1;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	version =
	    (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	/* Not in this kernel, or switched off; a container's filter of system calls has EPERM. */
	if (version == -1 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM))
		return 0;
	if (version == -1)
		return -1;
	handled.handled_access_fs = rights_of(version);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (ruleset == -1)
		return -1;
	for (size_t i = 0; i < count && result == 1; i++)
		if (allow(ruleset, &paths[i], handled.handled_access_fs) == -1)
			result = -1;
	if (result == 1 && syscall(SYS_landlock_restrict_self, ruleset, 0) == -1)
		result = -1;
	saved = errno;
	close(ruleset);
	errno = saved;
	return result;
}

#elif defined(__OpenBSD__)

/* Not tested. */
int
sandbox_enter(const struct sandbox_path *paths, size_t count)
{
	if (unveil("/", "") == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (unveil(paths[i].path, paths[i].write ? "rwc" : "r") == -1)
			return -1;
	if (unveil(NULL, NULL) == -1 ||
	    pledge("stdio rpath wpath cpath fattr flock inet unix", NULL) == -1)
		return -1;
	return 1;
}

#else

int
sandbox_enter(const struct sandbox_path *paths, size_t count)
{
	(void)paths;
	(void)count;
	return 0;
}

#endif

int
sandbox_limits(size_t descriptors)
{
	struct rlimit none = {0, 0}, files;

	if (setrlimit(RLIMIT_CORE, &none) == -1 || setrlimit(RLIMIT_NPROC, &none) == -1 ||
	    getrlimit(RLIMIT_NOFILE, &files) == -1)
		return -1;
	if (files.rlim_cur < descriptors) {
		files.rlim_cur = files.rlim_max < descriptors ? files.rlim_max : descriptors;
		if (setrlimit(RLIMIT_NOFILE, &files) == -1)
			return -1;
	}
	return files.rlim_cur > INT_MAX ? INT_MAX : (int)files.rlim_cur;
}
