/*
 * Reads all mailboxes there are: the table and the stored lists.
 */
#ifndef DOOR_MAILREAD_H
#define DOOR_MAILREAD_H

#include <sqlite3.h>

#include "feeds.h"
#include "mailboxes.h"

/* Both return 0, or -1 with report->trouble; what is bad is in the report, without secrets. */
int mailread_table(struct mailboxes *mailboxes, sqlite3 *db);
int mailread_feeds(struct mailboxes *mailboxes, struct feeds *feeds);

#endif
