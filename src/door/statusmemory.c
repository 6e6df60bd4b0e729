#include "statusmemory.h"

#include <string.h>

#include "rcpt/memoryadmin.h"

#define TEXT_SHOWN 120 /* bytes */

struct looking {
	struct status *status;
	struct cdbfile *cdb;
	const struct statusask *ask;
};

/*
 * A server that was down and has answered just now is of no interest; one that refuses us may
 * well accept postmaster all the same.
 */
static void
look_at_server(const struct looking *looking, const char *server, const struct memory *memory)
{
	const struct statusask_server *asked = statusask_find(looking->ask, server);
	bool refuses = strcmp(memory->state, MEMORY_REFUSES) == 0;
	bool answers = asked != NULL &&
	    (asked->result == STATUSASK_ACCEPTED || asked->result == STATUSASK_NO_POSTMASTER);
	struct line line;

	if (!statusask_has(looking->ask, server) || (answers && !refuses))
		return;
	line_start(&line);
	line_add(&line, "primary ");
	line_add(&line, server);
	line_add(&line, refuses ? " refuses us since " : " is down since ");
	status_add_time(&line, memory->since);
	line_add(&line, ": ");
	line_add_foreign(&line, memory->text, strlen(memory->text), TEXT_SHOWN);
	status_add(looking->status, STATUS_WARNING, &line);
}

static void
look_at_domain(const struct looking *looking, const char *domain, const struct memory *memory)
{
	char key[1 + RECORD_NAME_SIZE];
	unsigned char value[RECORD_SIZE_MAX];
	size_t len = strlen(domain);
	struct record record;
	struct line line;

	if (strcmp(memory->state, MEMORY_DOUBT) != 0 || len >= RECORD_NAME_SIZE)
		return;
	key[0] = RECORD_KEY_DOMAIN;
	memcpy(key + 1, domain, len);
	if (cdbfile_find(looking->cdb, key, 1 + len, value, sizeof(value), &len) != 1 ||
	    record_parse(&record, value, len) == -1 || !statusask_concerns(&record))
		return;
	line_start(&line);
	line_add(&line, "the servers of ");
	line_add_foreign(&line, domain, strlen(domain), RECORD_NAME_SIZE);
	line_add(&line, " say no to everybody, control recipient not accepted, since ");
	status_add_time(&line, memory->since);
	status_add(looking->status, STATUS_WARNING, &line);
}

static int
look(void *arg, const struct memoryadmin_row *row)
{
	const struct looking *looking = arg;
	const char *subject = row->subject;

	if (row->damage != NULL)
		return 0;
	if (strncmp(subject, MEMORY_SERVER, strlen(MEMORY_SERVER)) == 0)
		look_at_server(looking, subject + strlen(MEMORY_SERVER), &row->memory);
	else if (strncmp(subject, MEMORY_DOMAIN, strlen(MEMORY_DOMAIN)) == 0)
		look_at_domain(looking, subject + strlen(MEMORY_DOMAIN), &row->memory);
	return 0;
}

void
statusmemory(struct status *status, struct cache *cache, struct cdbfile *cdb,
    const struct statusask *ask)
{
	struct looking looking = {status, cdb, ask};

	(void)memoryadmin_each(cache, NULL, look, &looking);
}
