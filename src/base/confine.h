/*
 * Work for root in a folder into which others can write.
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

/*
 * For a process of root: if others can write into the folder, goes into it for good. The
 * folder becomes the root directory, and the process runs as the folder's owner (as "nobody",
 * 65534, if that is root) with the folder's group. What somebody planted there can then be
 * turned against that folder at most.
 *
 * Returns 1 when it did: paths are now below "/"; 0 when there was no need: not root, or
 * nobody else can write there; -1 with errno.
 */
int confine_to(const char *folder);

#endif
