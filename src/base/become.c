#include "become.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some of the system's calls say EINVAL where a user namespace lacks the user or group. */
static int
not_permitted(void)
{
	if (errno == EINVAL)
		errno = EPERM;
	return -1;
}

int
become_owner(const char *folder, const char *shared)
{
	struct stat own, other = {0};
	uid_t real, effective, saved;
	bool share;

	if (getresuid(&real, &effective, &saved) == -1)
		return -1;
	if (real != 0 && effective != 0 && saved != 0)
		return 0;
	if (stat(folder, &own) == -1 || (shared != NULL && stat(shared, &other) == -1))
		return not_permitted();
	if (own.st_uid == 0 || own.st_gid == 0) {
		errno = EINVAL;
		return -1;
	}
	share = other.st_gid != 0 && other.st_gid != own.st_gid;
	/* The user last: after that the others would not be allowed. */
	if (setgroups(share, &other.st_gid) == -1 ||
	    setresgid(own.st_gid, own.st_gid, own.st_gid) == -1 ||
	    setresuid(own.st_uid, own.st_uid, own.st_uid) == -1)
		return not_permitted();
	/* A capability that outlived the change would let one of these through. */
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0) {
		errno = EPERM;
		return -1;
	}
	return 1;
}
