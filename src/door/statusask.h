/*
 * Asks servers, just now and many at a time, whether they can be asked at all: a connection,
 * MAIL FROM:<>, RCPT TO:<postmaster@a-domain-of-theirs>. Nothing is remembered of it.
 */
#ifndef DOOR_STATUSASK_H
#define DOOR_STATUSASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "intern.h"
#include "rcpt/smtp.h"

#define STATUSASK_MAX  200
#define STATUSASK_TIME 25000 /* ms, for all */

enum statusask_result {
	STATUSASK_UNKNOWN = 0, /* the time was over */
	STATUSASK_ACCEPTED,
	STATUSASK_NO_POSTMASTER, /* all well, but RCPT got another reply than 2yz */
	STATUSASK_FAILED,
};

struct statusask_server {
	struct record_server server;
	char text[RECORD_SERVER_TEXT];
	char domain[RECORD_NAME_SIZE]; /* the first of its domains, of those with is_control */
	bool is_control; /* postmaster is the control recipient (control_recipient = auto) */
	char helo[SETTINGS_HOST_SIZE];
	uint32_t connect_timeout, command_timeout, budget; /* seconds */
	enum statusask_result result;
	struct smtp_answer answer; /* unless it is STATUSASK_UNKNOWN */
};

/* Starts empty with {0}. */
struct statusask {
	struct intern texts; /* of all servers, those that are too many to be asked too */
	uint32_t first;      /* the number of the text of servers[0], the others follow it */
	struct statusask_server servers[STATUSASK_MAX];
	size_t count;
};

/* Does rcptcheck ask servers about addresses of this domain? */
bool statusask_concerns(const struct record *record);

/* Adds the servers of a domain that are not there yet, as long as there is memory. */
void statusask_add(struct statusask *ask, const char *domain, const struct record *record);

/*
 * After all were added, when they are too many to be asked at once: which of them are asked moves
 * with the time, in seconds. Returns whether all are to be added again for that.
 */
bool statusask_turn(struct statusask *ask, int64_t now);

/* Asks them all. */
void statusask_run(struct statusask *ask);

/* Was a server of this text added? And the server itself; NULL when it was one too many. */
bool statusask_has(const struct statusask *ask, const char *text);
const struct statusask_server *statusask_find(const struct statusask *ask, const char *text);

#endif
