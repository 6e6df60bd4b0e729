/*
 * A sandbox for a process that talks to strangers: files only where it was told to find them,
 * and no other processes.
 *
 * For good, and for all it may start later. Descriptors that are open stay usable, and new
 * sockets can be made and connected: what needs a file (libraries, certificates, resolv.conf,
 * the time zone) is to be loaded before. SQLite goes on without /dev/urandom, but wants
 * "PRAGMA temp_store = MEMORY" unless the folder for its temporary files is named here.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* What is to be said where sandbox_enter has nothing to offer. */
#define SANDBOX_NONE                                                                           \
	"this system has no Landlock: only the user's rights limit which files can be opened"

/* A file, or a folder with all below it. */
struct sandbox_path {
	const char *path; /* must exist */
	/*
	 * Else it can be read only. A folder's regular files and Unix sockets can also be
	 * made, renamed in the folder they are in, and removed.
	 */
	bool write;
};

/*
 * From now on the process can open nothing but these, and gains no rights by running a set-id
 * program. What can be seen of other files without opening them (stat) is not hidden.
 *
 * Returns 1 when it is so; 0 when the system offers nothing for it (Linux before 5.13 or
 * without Landlock, other systems but OpenBSD); -1 with errno, and then it may be so partly.
 */
int sandbox_enter(const struct sandbox_path *paths, size_t count);

/*
 * No new processes or threads (root and its capabilities are exempt from this: lay them down
 * first), no core files, and at least so many descriptors if the hard limit allows it.
 *
 * Returns how many descriptors the process may have now; or -1 with errno.
 */
int sandbox_limits(size_t descriptors);

#endif
