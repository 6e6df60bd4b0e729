/*
 * Root laid down for good, for a long-lived program that root starts.
 */
#ifndef BASE_BECOME_H
#define BASE_BECOME_H

/*
 * If root started the process: it goes on as the owner of folder with the folder's group, and
 * with the group of shared besides (a path; NULL: no other group). Root's group is never kept
 * as that one. A list of groups that root came with is gone.
 *
 * Returns 1 when it did, and no way back to root was found; 0 when there was no root to lay
 * down, and nothing was done; -1 with errno, after which the process must end, since it may
 * have done half of it. EINVAL then always means that folder belongs to root or to root's
 * group.
 */
int become_owner(const char *folder, const char *shared);

#endif
