/*
 * A kept connection to a server: connecting, greeting, TLS, flights of questions (smtp.h), and
 * what is known of how much more it may be asked. Non-blocking; the caller polls.
 *
 *	link = link_open(...);
 *	while (link->state != LINK_GONE) {
 *		poll link->fd for link->events until link->patience.wake;
 *		link_step(link);
 *		if (link->landed) each answer of the flight is in link->asks;
 *		if (link->state == LINK_READY) link_ask() or link_quit();
 *	}
 *	link_free(link);
 */
#ifndef RCPT_LINK_H
#define RCPT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "patience.h"
#include "smtp.h"
#include "tlsclient.h"

enum link_state {
	LINK_OPENING, /* connecting, greeting, TLS */
	LINK_READY,
	LINK_ASKING,
	LINK_CLOSING, /* QUIT is said; it still counts as a connection of ours */
	LINK_GONE,
};

struct link;

/* Sees each line that is sent ('>') or received ('<'), and what happens besides ('='). */
typedef void link_watch(const struct link *link, char direction, const char *bytes, size_t len);

/* What connections of a kind have in common. The texts must outlive them. */
struct link_terms {
	struct record_server server;
	const char *helo;
	enum smtp_tls tls;
	const char *tls_name; /* for SMTP_TLS_MUST: whose certificate it must be */
	struct tlsclient_context *tls_context;
	link_watch *watch; /* or NULL */
};

/* One question of a flight. */
struct link_asker {
	void *owner; /* NULL: nobody is interested in the answer any more */
	char path[ADDRESS_PATH_SIZE], sender[SETTINGS_ADDRESS_SIZE];
};

struct link {
	enum link_state state;
	int fd;
	short events;
	struct patience patience; /* .wake: step again at this time at the latest */
	bool landed; /* the flight is over; the caller takes the answers and clears it */
	bool slow;   /* what it waits for has taken longer than a sound server does; likewise */
	bool late;   /* gone: by a time-out of its own */
	bool greeted;    /* it has been ready once */
	bool tls_failed; /* gone: the server has TLS, but it does not work */
	struct smtp smtp;
	char tls_reason[128]; /* and why */

	size_t count; /* of the flight */
	size_t mails; /* transactions before it */
	struct smtp_ask asks[SMTP_FLIGHT_MAX];
	struct link_asker askers[SMTP_FLIGHT_MAX];

	int64_t opened, asked_at, landed_at; /* deadline.h */
	unsigned refusals;                   /* replies to questions that were no 2yz */

	/* for the caller */
	struct link *next;
	void *reserved; /* for whom it is opened, alone; NULL: for all */
	bool was_fast;  /* a flight over it was */
	bool judged;    /* that it could not be opened is known */
	bool quit;      /* it is we who ended it */

	/* its own */
	const struct link_terms *terms;
	struct tlsclient *tls;
	bool connecting;
	size_t current; /* questions of the flight that are answered */
};

/* Begins to connect. Returns NULL for lack of memory; a link that cannot be is gone at once. */
struct link *link_open(
    const struct link_terms *terms, uint32_t connect_timeout, uint32_t command_timeout);

/* Goes on as far as it goes without waiting. */
void link_step(struct link *link);

/*
 * Adds a question to the flight that link_fly begins: at most smtp_room of them. The texts are
 * copied. silence: ms without a word, after which a connection that was open already is given up
 * as lost. The times of others are seconds.
 */
void link_add(struct link *link, const struct smtp_ask *ask, void *owner);
void link_fly(struct link *link, uint32_t command_timeout, int64_t silence);

/* Was it open already, or is it new for those who ask now? */
bool link_is_kept(const struct link *link);

/* Can questions be asked over it, now or behind others? */
bool link_works(const struct link *link);

/* Says goodbye, from LINK_READY. */
void link_quit(struct link *link);

/* Closes at once. note is a constant text. */
void link_drop(struct link *link, const char *note);

void link_free(struct link *link);

#endif
