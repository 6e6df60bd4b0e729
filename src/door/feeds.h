/*
 * The stored lists of users, data/feeds: one file each, as feed.h describes it, made by rcptbuild
 * -u NAME and read by every build. Those of mailboxes, made by rcptbuild -m NAME, are there too:
 * NAME.mailboxes.
 */
#ifndef DOOR_FEEDS_H
#define DOOR_FEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include "feed.h"
#include "report.h"
#include "source.h"
#include "state.h"
#include "users.h"

#define FEEDS_NAME_MAX  64
#define FEEDS_MAILBOXES ".mailboxes" /* what names of lists of mailboxes end in */
#define FEEDS_FILE_SIZE (FEEDS_NAME_MAX + sizeof(FEEDS_MAILBOXES))

struct feeds {
	char **lists; /* "feeds/NAME", sorted */
	size_t count, room;
	const char *replaced; /* that of them which is read from fd instead; NULL: none */
	int fd;
};

/*
 * 1 to 64 letters, digits, "-" and "_", the first no sign. Other files in the folder are no feeds:
 * with a dot in their names they are passed over, else there is a warning.
 */
bool feeds_name_good(const char *name);

/*
 * A sum of what stat(2) says of the folder and all lists in it; the time is the latest. end is "" or
 * FEEDS_MAILBOXES, also below.
 */
void feeds_stamp(struct state_stamp *stamp, const char *folder, const char *end);

/* Looks which there are; folder may be missing. Returns 0, or -1 with report->trouble. */
int feeds_open(struct feeds *feeds, const char *folder, const char *end, struct report *report);

/* The contents of the file NAME, new or not, are read from fd, a file, from its beginning. 0 or -1. */
int feeds_replace(struct feeds *feeds, const char *name, int fd, struct report *report);

/* Add their local domains to the source; pass their users on. As above. */
int feeds_domains(struct feeds *feeds, struct source *source, struct report *report);
int feeds_users(struct feeds *feeds, struct users *users);

/* Reads one of the lists. Returns 0, what feed->take returned, or -1 with report->trouble. */
int feeds_read(
    const struct feeds *feeds, const char *list, struct feed *feed, struct report *report);

void feeds_free(struct feeds *feeds);

#endif
