/*
 * Becoming the owner of a folder: all of root is gone afterwards, or it is an error.
 */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/become.h"
#include "tap.h"

#define OWNER  61001
#define GROUP  61002
#define SHARED 61003

static char own[] = "/tmp/become.own.XXXXXX", shared[] = "/tmp/become.shared.XXXXXX";

/* What became_as found wrong, a bit each. */
enum {
	WRONG_RESULT = 1,
	WRONG_USER = 2,
	WRONG_GROUP = 4,
	WRONG_GROUPS = 8,
	ROOT_AGAIN = 16,
};

static bool
has_root(void)
{
	return setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setegid(0) == 0;
}

/* Takes the owner of the folder; group: the only other group to have then, 0 for none. */
static int
became_as(const char *folder, const char *other, gid_t group)
{
	gid_t groups[8] = {0}, before[] = {0, 4, GROUP, SHARED};
	uid_t u[3] = {0};
	gid_t g[3] = {0};
	int count, wrong = 0;

	if (setgroups(4, before) == -1 || become_owner(folder, other) != 1)
		wrong |= WRONG_RESULT;
	if (getresuid(&u[0], &u[1], &u[2]) == -1 || u[0] != OWNER || u[1] != OWNER ||
	    u[2] != OWNER)
		wrong |= WRONG_USER;
	if (getresgid(&g[0], &g[1], &g[2]) == -1 || g[0] != GROUP || g[1] != GROUP ||
	    g[2] != GROUP)
		wrong |= WRONG_GROUP;
	count = getgroups(8, groups);
	if (count != (group != 0) || groups[0] != group)
		wrong |= WRONG_GROUPS;
	return wrong | (has_root() ? ROOT_AGAIN : 0);
}

/* The errno with which it refuses, or 0. */
static int
refused_with(const char *folder, const char *other, gid_t group)
{
	(void)group;
	errno = 0;
	return become_owner(folder, other) == -1 ? errno : 0;
}

static int
twice(const char *folder, const char *other, gid_t group)
{
	int first = become_owner(folder, other), second = become_owner(folder, other);

	(void)group;
	return first != 1 || second != 0 || become_owner("/nowhere", NULL) != 0 ||
	    getuid() != OWNER;
}

/* Processes of another user that could go back to root: all of that is gone, or an error. */
static int
hidden_root(const char *folder, const char *other, gid_t group)
{
	(void)group;
	return become_owner(folder, other) == 1 ? has_root() : become_owner(folder, other) == 0;
}

static int
hidden_as_real(const char *folder, const char *other, gid_t group)
{
	return setresuid(0, OWNER, OWNER) == -1 || hidden_root(folder, other, group);
}

static int
hidden_as_effective(const char *folder, const char *other, gid_t group)
{
	return setresuid(OWNER, 0, OWNER) == -1 || hidden_root(folder, other, group);
}

static int
hidden_as_saved(const char *folder, const char *other, gid_t group)
{
	return setresuid(OWNER, OWNER, 0) == -1 || hidden_root(folder, other, group);
}

/* An attempt in a process of its own. */
static int
apart(int (*attempt)(const char *, const char *, gid_t), const char *folder, const char *other,
    gid_t group)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(attempt(folder, other, group));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
main(void)
{
	if (geteuid() != 0) {
		is_int(become_owner("/", NULL), 0, "who is not root stays who he is");
		ok(true, "the rest # SKIP only root can");
		return tap_done();
	}
	if (mkdtemp(own) == NULL || mkdtemp(shared) == NULL)
		return 1;
	is_int(apart(refused_with, own, shared, 0), EINVAL, "a folder of root is refused");
	if (chown(own, OWNER, 0) == -1 || chown(shared, 0, SHARED) == -1)
		return 1;
	is_int(apart(refused_with, own, shared, 0), EINVAL, "one of root's group is refused");
	if (chown(own, 0, GROUP) == -1)
		return 1;
	is_int(apart(refused_with, own, shared, 0), EINVAL, "and one of root in another group");
	if (chown(own, OWNER, GROUP) == -1) {
		ok(true, "the rest # SKIP this user namespace has no such users");
		goto end;
	}
	is_int(apart(became_as, own, shared, SHARED), 0, "the owner, and the shared group");
	is_int(apart(became_as, own, NULL, 0), 0, "without another group");
	is_int(apart(became_as, own, own, 0), 0, "a group that it has already");
	is_int(apart(became_as, own, "/", 0), 0, "never the group of root");
	is_int(apart(twice, own, shared, 0), 0, "the second time there is nothing to do");
	is_int(apart(hidden_as_real, own, shared, 0), 0, "a real user root is seen");
	is_int(apart(hidden_as_effective, own, shared, 0), 0, "an effective one");
	is_int(apart(hidden_as_saved, own, shared, 0), 0, "a saved one");
	is_int(apart(refused_with, "/nowhere/at/all", shared, 0), ENOENT, "no folder");
	is_int(apart(refused_with, own, "/nowhere/at/all", 0), ENOENT, "no shared folder");
	is_int((long long)geteuid(), 0, "all that happened in children");
end:
	rmdir(own);
	rmdir(shared);
	return tap_done();
}
