/*
 * rcptprobe's log, on descriptor 2. A log that nobody drains costs lines, not answers: nothing waits
 * for it, and how many lines were lost is said when there is room again.
 */
#ifndef RCPT_PROBELOG_H
#define RCPT_PROBELOG_H

#include "base/line.h"
#include "link.h"

void probelog_line(const struct line *line);

/* "rcptprobe: what: detail"; see remark.h. */
void probelog(const char *what, const char *detail);

/* The transcript of -v: one line for each line of all dialogues, with server and descriptor. */
void probelog_watch(const struct link *link, char direction, const char *bytes, size_t len);

#endif
