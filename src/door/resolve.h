/*
 * The host names of domain_ips and their addresses. A name that does not resolve just now keeps
 * the addresses it had in the CDB before, so that trouble of the DNS is not trouble of the
 * mail.
 */
#ifndef DOOR_RESOLVE_H
#define DOOR_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdbfile.h"
#include "report.h"
#include "source.h"

#define RESOLVE_MAX  (RECORD_SERVERS_MAX + 1) /* one more than a record can have */
#define RESOLVE_TIME 30000                    /* ms, for all names together */

/*
 * Asks for the addresses of a name, in any order, at most RESOLVE_MAX of them. Returns 0, or -1
 * and why: a text that is good until the next call.
 */
typedef int resolve_lookup(const char *name, struct record_server servers[RESOLVE_MAX],
    size_t *count, const char **why);

/* The one that asks the system, /etc/hosts and DNS. */
int resolve_system(const char *name, struct record_server servers[RESOLVE_MAX], size_t *count,
    const char **why);

struct resolve_result {
	size_t asked;  /* names that were looked up */
	size_t failed; /* of them, or left for want of time */
};

/*
 * Fills in the addresses of all host names, sorted and each once. previous is the CDB in use or
 * NULL; with keep, names that it has are not looked up again. The deadline is one of
 * deadline.h. Returns 0, or -1 with report->trouble.
 */
int resolve_names(struct source *source, struct cdbfile *previous, bool keep,
    resolve_lookup *lookup, int64_t deadline, struct report *report,
    struct resolve_result *result);

/*
 * This host's full name for HELO. Where it cannot be found just now, it is the one of the
 * previous CDB, so that the CDB does not change for it.
 */
void resolve_helo(char helo[SETTINGS_HOST_SIZE], struct cdbfile *previous);

#endif
