/*
 * The map in the making: all rows of the table mailboxes and all lines of the stored lists of
 * mailboxes, in memory, by user.
 */
#ifndef DOOR_MAILBOXES_H
#define DOOR_MAILBOXES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "census.h"
#include "feeds.h"
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

/* All return 0, or -1 with report->trouble; what is bad is in the report, without secrets. */
int mailboxes_start(struct mailboxes *mailboxes, struct report *report);
void mailboxes_free(struct mailboxes *mailboxes);
int mailboxes_of_table(struct mailboxes *mailboxes, sqlite3 *db);
int mailboxes_of_feeds(struct mailboxes *mailboxes, struct feeds *feeds);

/* By this an entry is known: enum route_match + 'a', first, "\n", last, "@", domain. */
#define MAILBOXES_KEY_SIZE (3 * ROUTE_TEXT_SIZE + 3)
size_t mailboxes_key(char key[MAILBOXES_KEY_SIZE], const struct entry *entry);

/* And back. */
void mailboxes_entry(const struct mailboxes *mailboxes, uint32_t user, struct entry *entry);

#endif
