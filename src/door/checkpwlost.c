#include "checkpwlost.h"

#include <errno.h>

#include "checkpw.h"

bool
checkpwlost_add(struct checkpwlost *lost, pid_t child, int *error)
{
	*error = checkpw_stop(child) == -1 ? errno : 0;
	if (lost->count == CHECKPWLOST_MAX)
		return false;
	lost->children[lost->count++] = child;
	return true;
}

bool
checkpwlost_remove(struct checkpwlost *lost, pid_t child)
{
	for (size_t i = 0; i < lost->count; i++)
		if (lost->children[i] == child) {
			lost->children[i] = lost->children[--lost->count];
			return true;
		}
	return false;
}
