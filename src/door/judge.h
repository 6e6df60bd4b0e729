/*
 * What only shows when all rows are known: backups that ask themselves, too many servers,
 * aliases of nothing, rows without effect.
 */
#ifndef DOOR_JUDGE_H
#define DOOR_JUDGE_H

#include "host.h"
#include "report.h"
#include "source.h"

/* Bad rows. Names must be resolved. Returns 0, or -1 with report->trouble. */
int judge_servers(struct source *source, const struct host_self *self, struct report *report);

/* Warnings only. helo is the name that will be used. */
void judge_rest(const struct source *source, const char *helo, struct report *report);

#endif
