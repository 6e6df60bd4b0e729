/*
 * The map in the making: all rows of the table mailboxes and all lines of the stored lists of
 * mailboxes, in memory, by user.
 */
#ifndef DOOR_MAILBOXES_H
#define DOOR_MAILBOXES_H

#include <stdbool.h>
#include <stdint.h>

#include "census.h"
#include "intern.h"
#include "mailline.h"
#include "report.h"
#include "route/entry.h"
#include "source.h"

/* A user, or whoever an entry is for. Its rows are linked in the order in which they came. */
struct mailboxes_user {
	uint32_t first, last; /* rows */
	uint32_t entry;       /* as written, and the next: texts, or INTERN_NONE */
	uint32_t login, secret;
};

struct mailboxes_row {
	uint32_t host; /* of hosts */
	uint32_t list; /* a text */
	uint32_t next;
	uint16_t port;
	int64_t order;
	int64_t number; /* the rowid, or the line */
};

struct mailboxes {
	struct report *report;
	struct intern users; /* by mailboxes_key; and for each of them: */
	struct mailboxes_user *of_user;
	size_t of_user_room;
	struct mailboxes_row *rows;
	size_t row_count, row_room;
	struct intern texts;
	struct source hosts; /* nothing but its hosts are in use */
	struct census census;
	uint64_t digest; /* of all that was read */
	uint64_t listed; /* in the list at hand */
};

/* Returns 0, or -1 with report->trouble. */
int mailboxes_start(struct mailboxes *mailboxes, struct report *report);
void mailboxes_free(struct mailboxes *mailboxes);

/*
 * Takes a row of a list. Returns 0; 1 when it is bad, with why, a constant text, and the field; -1 for want
 * of memory.
 */
int mailboxes_take(struct mailboxes *mailboxes, const struct mailbox *mailbox, const char *list,
    int64_t number, const char **why, enum mailbox_field *field);

/* That was the last one of the list: notes how many it had. Returns 0, or -1 for want of memory. */
int mailboxes_end_list(struct mailboxes *mailboxes, const char *list);

/* By this an entry is known: enum route_match + 'a', first, "\n", last, "@", domain. */
#define MAILBOXES_KEY_SIZE (3 * ROUTE_TEXT_SIZE + 3)
size_t mailboxes_key(char key[MAILBOXES_KEY_SIZE], const struct entry *entry);

/* And back. */
void mailboxes_entry(const struct mailboxes *mailboxes, uint32_t user, struct entry *entry);

#endif
