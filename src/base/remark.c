#include "remark.h"

#include <string.h>

#define DETAIL_MAX 512

void
remark(struct line *line, const char *what, const char *detail)
{
	line_add(line, what);
	if (detail == NULL)
		return;
	line_add(line, ": ");
	line_add_foreign(line, detail, strlen(detail), DETAIL_MAX);
}
